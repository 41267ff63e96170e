"""The demo on a log: its requests go through the gateway again, on one clock that runs faster.

The clock shows (now - the log's length) when the first request is sent and catches up with real
time a little after the last one; generator, limits and windows all read it. Each real second
analytics processes every window that passed. Delays are told in the log's time.
"""

import asyncio
import datetime as dt
import itertools
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from console.called import command
from console.supervisor import Supervisor
from kernel.addresses import identity_of_address
from kernel.clock import Tempo, scaled
from lab.demo import address_of, sleep_until
from lab.driver import Driver, Due
from lab.logfile import Log, read_log, request_of
from lab.narrator import Narrator, figures_of, line_of
from lab.policies import log_policy
from lab.record import LEGITIMATE, Sent
from lab.replay_table import Replayed, replay_rows
from lab.scoring import Seen
from lab.simulation import Wanted, hearing
from lab.stage import Staging, staged
from lab.stopping import unless_stopped
from lab.table import is_met, print_table
from lab.warehouse_reader import open_reader
from lab.watch import Watch
from warehouse.client import connect
from warehouse.imports import busiest, first_segment

SHORTEST_S = 60.0
MOST_RATE = 300.0  # requests per second that two cores bear beside everything else
SLACK_S = 3.0  # real seconds by which the clock is still behind at the end: nothing lies in the future
TAIL_S = 4.0  # real seconds after the last request, for findings to be made
LEADS_S = (12.0, 40.0)  # real seconds that the processes get for their start
CONNECTIONS = 64
PATIENCE_S = 20.0
TOLD_LINES = 20
ROUTES = 40


class Course(NamedTuple):
    """How a log is laid on the clock: `shift` is added to a log's time."""

    tempo: Tempo
    duration_s: float
    shift: float

    def log_time(self, moment: float) -> str:
        """A time of the events' clock as the log would have written it."""
        return dt.datetime.fromtimestamp(moment - self.shift, dt.UTC).strftime("%d/%b/%Y:%H:%M:%S")


class StartedLate(Exception):
    """The processes were not ready when the replay had to begin."""


def course_of(log: Log, started: float) -> Course:
    """The course of a replay that begins at a real time."""
    duration_s = max(SHORTEST_S, len(log.entries) / MOST_RATE)
    scale = max(log.length_s / duration_s, 1.0)
    duration_s = log.length_s / scale
    origin = started + duration_s - log.length_s - SLACK_S * (scale - 1.0)
    return Course(Tempo(origin, started, scale), duration_s, origin - log.first)


async def replay(wanted: Wanted, path: Path, narrator: Narrator, stop: asyncio.Event) -> bool:
    """Replay a log; whether every line is accounted for.

    Raises EmptyLog, OSError, Interrupted, PartFailed, StartedLate.
    """
    log = await asyncio.to_thread(read_log, path)
    narrator.loud(f"Tidegate demo on {path}: {log.lines} lines, {len(log.entries)} requests")
    for each in log.told[:TOLD_LINES]:
        narrator.say(f"  line {each.line} is not replayed: {each.reason}: {each.text}")
    if len(log.told) > TOLD_LINES:
        narrator.say(f"  and {len(log.told) - TOLD_LINES} more lines")
    for lead_s in LEADS_S:
        try:
            return await replay_once(wanted, log, narrator, stop=stop, lead_s=lead_s)
        except StartedLate:
            narrator.say("the start took too long; once more, with more time for it")
    raise StartedLate(f"the processes were not ready within {LEADS_S[-1]:.0f} s")


async def replay_once(
    wanted: Wanted, log: Log, narrator: Narrator, *, stop: asyncio.Event, lead_s: float
) -> bool:
    """One try, of which the processes have `lead_s` to start."""
    course = course_of(log, time.time() + lead_s)
    segments: dict[str, int] = {}
    for entry in log.entries:
        name = first_segment(entry.path)
        segments[name] = segments.get(name, 0) + 1
    staging = Staging(
        data=wanted.data,
        policy=lambda url: log_policy(url, busiest(segments, ROUTES)),
        keyring=wanted.keyring,
        upstream=("lab.echo",),
        clock=course.tempo.text(),
    )
    narrator.say(
        f"{log.length_s / 3600:.1f} hours in {course.duration_s:.0f} s: the clock runs"
        f" {course.tempo.scale:.0f} times as fast; a second of delay is {course.tempo.scale:.0f} s of the log"
    )
    supervisor = staged(staging, wanted.environment, hearing(narrator, wanted.verbose))
    try:
        await unless_stopped(supervisor.start(), stop)
        if time.time() > course.tempo.started:
            raise StartedLate
        await asyncio.to_thread(keep_everything, connect(supervisor.urls["warehouse"]))
        with narrator:
            replayed = await unless_stopped(perform(log, course, supervisor, narrator=narrator), stop)
        rows = replay_rows(replayed)
        print_table(narrator.console, f"{log.path}", rows, "")
        if not wanted.once:
            narrator.say(f"try  {command('findings', '--data', wanted.data)}   (Ctrl-C ends the demo)")
            await stop.wait()
    finally:
        await supervisor.stop()
    return is_met(rows)


def keep_everything(client: Client) -> None:
    """The replay's warehouse drops nothing: a log may be longer than raw rows are kept."""
    client.command("ALTER TABLE requests REMOVE TTL")
    client.close()


async def perform(log: Log, course: Course, supervisor: Supervisor, *, narrator: Narrator) -> Replayed:
    """Send everything, watch, account."""
    clock = scaled(time.time, course.tempo)
    driver = Driver(address_of(supervisor.urls["proxy"]), clock, connections=CONNECTIONS)
    reader = open_reader(
        supervisor.urls["warehouse"], supervisor.tenant, since=course.tempo.origin - 86_400, clock=clock
    )
    watch = Watch(reader, clock, tell_in_log_time(narrator, course))
    loop = asyncio.get_running_loop()
    started = loop.time() + course.tempo.started - time.time()
    async with asyncio.TaskGroup() as group:
        group.create_task(driver.serve(), name="driver")
        beside = [
            group.create_task(watch.follow(), name="watch"),
            group.create_task(tick(driver, course, narrator, started), name="tick"),
        ]
        await send(log, course, driver, started)
        driver.finish()
        await sleep_until(started + course.duration_s + TAIL_S)
        for task in beside:
            task.cancel()
    await watch.look()
    telemetry = await watch.account(driver.begun, PATIENCE_S)
    return Replayed(
        lines=log.lines,
        requests=len(log.entries),
        told=len(log.told),
        as_logged=sum(is_as_logged(each) for each in driver.sent),
        refused=sum(each.is_refused and not is_as_logged(each) for each in driver.sent),
        telemetry=telemetry,
        findings=tuple(watch.seen.values()),
        scale=course.tempo.scale,
    )


async def send(log: Log, course: Course, driver: Driver, started: float) -> None:
    """Submit each request at its time on the clock."""
    for entry in log.entries:
        due = started + (entry.at - log.first) / course.tempo.scale
        if due > asyncio.get_running_loop().time():
            await sleep_until(due)
        request = request_of(entry, "site.example")
        driver.submit(
            Due(request, identity_of_address(entry.address), LEGITIMATE, f"{entry.method} {entry.status}")
        )


async def tick(driver: Driver, course: Course, narrator: Narrator, started: float) -> None:
    """A status line each second."""
    told = 0
    for second in itertools.count(1):
        await sleep_until(started + second)
        recent = driver.sent[told:]
        told += len(recent)
        moment = course.log_time(course.tempo.at(course.tempo.started + second))
        narrator.tick(line_of(second, moment, figures_of(recent)))


def is_as_logged(sent: Sent) -> bool:
    """Whether a request was answered with the status that the log has, which its `route` ends in."""
    return sent.route.endswith(f" {sent.status}")


def tell_in_log_time(narrator: Narrator, course: Course) -> Callable[[Seen], None]:
    """Tells findings with the times of the log."""

    def tell(seen: Seen) -> None:
        finding = seen.finding
        delay_s = seen.finding.found_at - finding.onset
        narrator.loud(
            f"  found: {finding.summary} ({finding.kind}; began {course.log_time(finding.onset)},"
            f" found {delay_s:.0f} s of the log later)"
        )

    return tell
