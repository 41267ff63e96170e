"""Windows as detectors see them, and an engine run over requests."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from analytics.detector import LEARNING_DELAY_S, Detector, Mask, Scored, Seen
from analytics.engine import Engine
from analytics.registry import detectors
from analytics.series import SeriesTrail
from analytics.windows import SPANS, Scopes, Trailing, Window, lately_of
from kernel.findings import Finding
from tests.analytics.traffic import START, Request, windows_of

NOBODY = Mask(frozenset())


class Sight:
    """One detector, fed with windows as the engine feeds it, without findings."""

    def __init__(self, number: str) -> None:
        scopes, series = Scopes(), SeriesTrail()
        self._trailing, self._series = Trailing(scopes), series
        self.detector: Detector = next(
            each for each in detectors(scopes, series.rows) if each.card.number == number
        )
        self._unlearnt: list[Seen] = []
        self._lately: deque[Window] = deque(maxlen=SPANS[-1])

    def see(self, window: Window) -> Seen:
        """The window with its trail."""
        self._lately.append(window)
        lately = lately_of(self._lately)
        return Seen(window, self._trailing.enter(window), *self._series.enter(window), lately)

    def step(self, window: Window) -> tuple[Seen, Scored]:
        """Learn what is old enough, then score."""
        while self._unlearnt and self._unlearnt[0].window.second <= window.second - LEARNING_DELAY_S:
            self.detector.learn(self._unlearnt.pop(0), NOBODY)
        seen = self.see(window)
        self._unlearnt.append(seen)
        return seen, self.detector.score(seen)

    def over(self, requests: Iterable[Request]) -> Iterator[tuple[Seen, Scored]]:
        """Step through all windows."""
        for window in windows_of(requests):
            yield self.step(window)


def ripe(scored: Scored) -> set[str]:
    """Keys that would open a finding."""
    return {signal.key for signal in scored.signals if signal.ripe}


def run(requests: Iterable[Request], *, tenant: str = "t", ticks: Sequence[int] = (1,)) -> list[Finding]:
    """The findings of an engine, latest state of each; `ticks` are lengths of ticks, taken in turn."""
    engine, found = Engine(tenant), {}
    windows = windows_of(requests)
    at, turn = windows[0].second, 0
    while at <= windows[-1].second + 60:
        until = at + ticks[turn % len(ticks)]
        for finding in engine.advance([each for each in windows if at <= each.second < until], until, 0.0):
            found[finding.id] = finding
        at, turn = until, turn + 1
    return sorted(found.values(), key=lambda each: (each.onset, each.id))


def since_start(second: float) -> float:
    """Seconds from START."""
    return second - START
