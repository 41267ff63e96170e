"""How a log is laid on a clock that runs faster than time: when each request is sent.

The clock shows (now - the replay's length) when the first request is sent and catches up with real
time a little after the last one. Gaps of the log shrink by the clock's scale and by no more: no real
second sends more than MOST_RATE requests, and what waits for that makes all that follows as much later.
So at least as much time passes on the clock between two requests as in the log, and compression alone
makes nobody faster than the log says.
"""

import bisect
import datetime as dt
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from kernel.clock import Tempo
from lab.logfile import Log

SHORTEST_S = 60.0
MOST_RATE = 300  # requests per second that two cores bear beside everything else
SLACK_S = 3.0  # real seconds by which the clock is still behind at the end: nothing lies in the future
RUSH_SPAN = 0.05  # a rush: more than half of the requests in a twentieth of the time
RUSH_SHARE = 0.5
WORTH_TELLING_S = 0.5


class Course(NamedTuple):
    """When to send what: `offsets[i]` real seconds after the start for the request logged at `times[i]`."""

    tempo: Tempo
    duration_s: float
    times: tuple[float, ...]
    offsets: tuple[float, ...]

    @property
    def held_back_s(self) -> float:
        """Real seconds by which the last request is later than the clock's scale alone would send it."""
        return self.offsets[-1] - (self.times[-1] - self.times[0]) / self.tempo.scale

    def log_time(self, moment: float) -> str:
        """A time of the events' clock as the log would have written it."""
        elapsed = (moment - self.tempo.origin) / self.tempo.scale
        last = max(bisect.bisect_right(self.offsets, elapsed) - 1, 0)
        at = self.times[last] + (elapsed - self.offsets[last]) * self.tempo.scale
        if last + 1 < len(self.times):
            at = min(at, self.times[last + 1])  # while the next request is held back, the log stands still
        return written(at)


class Rush(NamedTuple):
    """Where most requests of a log are: their share, and seconds since 1970."""

    share: float
    begin: float
    end: float


def course_of(log: Log, started: float) -> Course:
    """The course of a replay that begins at a real time."""
    times = tuple(entry.at for entry in log.entries)
    scale = max(log.length_s / max(SHORTEST_S, len(times) / MOST_RATE), 1.0)
    offsets = offsets_of(times, scale)
    duration_s = max(offsets[-1], log.length_s / scale)
    origin = started + duration_s - duration_s * scale - SLACK_S * (scale - 1.0)
    return Course(Tempo(origin, started, scale), duration_s, times, offsets)


def offsets_of(times: Sequence[float], scale: float) -> tuple[float, ...]:
    """Real seconds after the start for sorted times: at most MOST_RATE in a second, no gap shortened."""
    offsets: list[float] = []
    for number, (before, at) in enumerate(itertools.pairwise((times[0], *times))):
        due = (offsets[-1] if offsets else 0.0) + (at - before) / scale
        if number >= MOST_RATE:
            due = max(due, offsets[number - MOST_RATE] + 1.0)
        offsets.append(due)
    return tuple(offsets)


def rush_of(times: Sequence[float]) -> Rush | None:
    """The part of a log that holds most of it, None where its requests are spread out."""
    span = (times[-1] - times[0]) * RUSH_SPAN
    begin, most = 0, (0, 0, 0)
    for end, at in enumerate(times):
        while at - times[begin] > span:
            begin += 1
        most = max(most, (end + 1 - begin, begin, end))
    count, begin, end = most
    if count <= RUSH_SHARE * len(times):
        return None
    return Rush(count / len(times), times[begin], times[end])


def warning_of(course: Course) -> str:
    """What is to be known of a log whose requests crowd; empty where they do not."""
    rush = rush_of(course.times)
    if rush is None:
        return ""
    where = f"{rush.share:.0%} of the log's requests lie in {written(rush.begin)} to {written(rush.end)}"
    if course.held_back_s < WORTH_TELLING_S:
        return where
    return (
        f"{where}; the replay is limited to {MOST_RATE} requests/s there, which takes"
        f" {course.held_back_s:.0f} s longer, and delays grow"
    )


def written(at: float) -> str:
    """Seconds since 1970 as logs write them, in UTC."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%d/%b/%Y:%H:%M:%S")


def span_text(length_s: float) -> str:
    """`37.9 hours`, `12.5 minutes`, `20 s`."""
    if length_s >= 2 * 3600.0:
        return f"{length_s / 3600:.1f} hours"
    return f"{length_s / 60:.1f} minutes" if length_s >= 120.0 else f"{length_s:.0f} s"
