"""Windows in, findings out: pure in the order of windows, whatever the ticks that bring them.

For each window: learn what is LEARNING_DELAY_S old, score, open and close findings. What a window
teaches depends on the findings decided until LEARNING_DELAY_S after it, and on nothing else, so
that a restart that replays the last minutes, with the findings of the warehouse, comes out the same.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from analytics.bursts import CARD as BURST
from analytics.bursts import ClientBurst
from analytics.demand import Demand, Usual
from analytics.detector import LEARNING_DELAY_S, Card, Mask, Seen
from analytics.latency import LatencyRegression
from analytics.registry import detectors
from analytics.series import SeriesTrail
from analytics.tracker import Tracker
from analytics.weekly import Weekly
from analytics.windows import EVERYWHERE, SPANS, Hour, Scopes, Trailing, Window, lately_of
from kernel.findings import Finding
from kernel.recommendations import Peers

SHARES = (0.5, 0.9, 0.99, 0.999, 1.0)  # of kernel.recommendations.Peers


class Engine:
    """Everything that analytics knows of one tenant; bounded."""

    def __init__(self, tenant: str, *, is_timed: bool = True) -> None:
        self.scopes = Scopes()
        self._trailing = Trailing(self.scopes)
        self._series = SeriesTrail()
        self._detectors = detectors(self.scopes, self._series.rows, is_timed=is_timed)
        self._bursts = next(each for each in self._detectors if isinstance(each, ClientBurst))
        self._demand = Demand()
        self._unlearnt: deque[Seen] = deque()
        self._lately: deque[Window] = deque(maxlen=SPANS[-1])
        self.tracker = Tracker(tenant, [each.card for each in self._detectors])
        self.weekly = Weekly()
        self.second = 0  # the last window's

    @property
    def cards(self) -> tuple[Card, ...]:
        """What runs."""
        return tuple(each.card for each in self._detectors)

    def advance(self, windows: Iterable[Window], until: int, found_at: float) -> list[Finding]:
        """Take in all windows before `until`; returns findings that are new or changed, latest state once."""
        changed: dict[str, Finding] = {}
        for window in windows:
            if window.second <= self.second:
                continue  # judged before
            for finding in self._enter(window, found_at):
                changed[finding.id] = finding
        for finding in self.tracker.expire(until, found_at):
            changed[finding.id] = finding
        return list(changed.values())

    def remember(self, past: Mapping[str, Sequence[Hour]]) -> None:
        """What the warehouse's roll-ups say of past days, by route."""
        for each in self._detectors:
            if isinstance(each, LatencyRegression):
                each.remember(past)

    def learn_late(self, windows: Iterable[Window]) -> None:
        """Take in seconds that were judged before rows of theirs came.

        What is learnt of them is a maximum, so that no row counts twice.
        """
        for window in windows:
            if self._bursts.population.since <= window.second <= self._bursts.population.until:
                self._bursts.learn_late(window, self.tracker.mask(window.second, self.second))

    def usual(self, scope: str) -> Usual:
        """What is usual in a scope: a limit's name, or EVERYWHERE."""
        past = self._bursts.population
        number = self.scopes.number(scope)
        tails = past.tails(number + 1)
        return Usual(
            identities=int(tails.identities[number]),
            learnt_s=max(past.until - max(past.since, self._trailing.since), 0),
            fitted=tuple(float(each) for each in tails.usual[number]),
            greatest=tuple(float(each) for each in tails.greatest[number]),
            together=self._demand.greatest(scope),
        )

    def peers(self, scope: str) -> Peers | None:
        """How identities spread in a scope: quantiles of their maxima over ten seconds; None without any."""
        number = self.scopes.number(scope)
        identities = self.usual(scope).identities
        if not identities or (not number and scope != EVERYWHERE):
            return None
        quantiles = self._bursts.population.quantiles(number, len(SPANS) - 1, np.array(SHARES))
        p50, p90, p99, p999, greatest = (float(each) for each in quantiles)
        return Peers(f"requests per {SPANS[-1]} s", identities, p50, p90, p99, p999, greatest, observed=0.0)

    @property
    def limited(self) -> tuple[str, ...]:
        """The scopes that a limit may have: everywhere, and those that gather a limit's routes."""
        return (EVERYWHERE, *(self.scopes.names[number] for number in self.scopes.covers if number))

    def expected(self, scope: str) -> Usual:
        """What is usual in a scope now, or was at this hour of past weeks, whichever is more."""
        return self.weekly.expected(scope, self.usual(scope))

    def sizes(self) -> Mapping[str, int]:
        """Keys that each part remembers."""
        return {
            "trail": len(self._trailing),
            "unlearnt": len(self._unlearnt),
            **{each.card.number: each.size() for each in self._detectors},
        }

    def _enter(self, window: Window, found_at: float) -> list[Finding]:
        while self._unlearnt and self._unlearnt[0].window.second <= window.second - LEARNING_DELAY_S:
            self._learn(self._unlearnt.popleft())
        self.second = window.second
        cells = self._trailing.enter(window)
        self._lately.append(window)
        lately = lately_of(self._lately)
        seen = Seen(window, cells, *self._series.enter(window), lately)
        scored = {each.card.number: each.score(seen) for each in self._detectors}
        self._unlearnt.append(seen)
        return self.tracker.advance(window.second, scored, found_at)

    def _learn(self, seen: Seen) -> None:
        second = seen.window.second
        mask = self.tracker.mask(second, second + LEARNING_DELAY_S)
        for each in self._detectors:
            each.learn(seen, mask)
        self._demand.learn(second, self._asked(seen.window, mask))

    def _asked(self, window: Window, mask: Mask) -> Mapping[str, int]:
        """Requests per scope that a limit may have, of who is not judged abusive."""
        counts = window.counts
        if mask.keys:
            names = window.identities
            counts = counts * np.array([not mask.holds(BURST.number, name) for name in names], np.int64)
        asked = {EVERYWHERE: int(counts.sum())}
        for number, routes in self.scopes.covers.items():
            inside = np.array([name in routes for name in window.routes], np.bool_)
            asked[self.scopes.names[number]] = int(counts[inside].sum())
        return asked
