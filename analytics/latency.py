"""D17, latency regression: CUSUM on the mean and the 95th percentile of log latency, by route.

The upstream's share and the gateway's own (duration less upstream, less what the client took to
send) are watched apart, so that a finding says who got slower. Per window

    z = (x - level) / sqrt(spread**2 + within / n)        x: mean or p95 of ln microseconds

with level and spread from `seas` and `within` the usual variance inside a window; see `cusum` for
the rest. A window counts for at most Z_CAP. Of several slow routes of one upstream the finding is
the upstream's; where the gateway's own part is slow with them, it is the machine, and the gateway's.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from analytics.cusum import Shift, either, shifted
from analytics.detector import LEAST_HISTORY_S, Card, Mask, Scored, Seen, Signal
from analytics.incidents import is_masked
from analytics.seas import LEAST_VALUES, SLOT_S, Seas
from analytics.series import ROUTE, UPSTREAM, Recent, Rows
from analytics.windows import Flags, Hour, Ints, Table, grown
from kernel.findings import Observation
from kernel.wording import to_duration

Part = Literal["upstream", "gateway"]
PARTS: tuple[Part, ...] = ("upstream", "gateway")
GATEWAY = "gateway"  # the key of findings about the gateway itself

HOUR_S = 3_600
K = 1.0
Z_CAP = 8.0
P95_Z_CAP = 6.0  # one slow window is no proof
LEAST_SHIFT_US = {"upstream": 10_000.0, "gateway": 10_000.0}  # geometric mean
LEAST_MACHINE_US = (
    2_000.0  # of the gateway's own part, while EVERY_SHARE of the routes are slow upstream as well
)
EVERY_SHARE = 0.8
P95_SHIFTS = 4.0  # a shift of the tail alone must be so many times that
GRAVE_FACTOR = 4.0
GRAVE_S = 10  # a shorter blip is not critical, however high
LEAST_TIMED = 2  # requests in a window
LEAST_TIMED_P95 = 20  # of fewer it is hardly more than the greatest
WHOLE_SHARE = 0.5  # of an upstream's routes are slow: it is not the one that is ripe first
GATEWAY_SHARE = 0.5  # of the routes seen must be slow before the gateway is

CARD = Card(
    number="D17",
    kind="latency-regression",
    owasp="",
    looks_at=(
        "tenant",
        "ended_at",
        "route",
        "upstream",
        "duration_us",
        "upstream_us",
        "head_us",
        "body_us",
        "decision",
        "outcome",
        "interim",
    ),
    silence_is_calm=False,
    adopted_after_s=1_800,
    summary="CUSUM on mean and 95th percentile of log latency, the gateway's and the upstream's apart",
)


class LatencyRegression:
    """D17 over all routes."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._mean = {part: Seas("log") for part in PARTS}
        self._p95 = {part: Seas("log") for part in PARTS}
        self._within = {part: Seas("raw") for part in PARTS}
        self._first: Table = np.zeros(8, np.int64)
        self._last: Table = np.zeros(8, np.int64)
        self._past: dict[str, Sequence[Hour]] = {}

    def remember(self, past: Mapping[str, Sequence[Hour]]) -> None:
        """What routes' upstreams took in past hours: taken in when the route is first learnt."""
        self._past = dict(past)

    @property
    def card(self) -> Card:
        """What it is."""
        return CARD

    def size(self) -> int:
        """Rows remembered."""
        return len(self._mean["upstream"])

    def learn(self, seen: Seen, mask: Mask) -> None:
        """Take in the routes' latencies, those of incidents aside."""
        if mask.holds(CARD.number, GATEWAY):
            return  # a machine that is slow is slow upstream as well
        rows = seen.columns.rows
        usual = (seen.columns.of("timed") >= LEAST_TIMED) & is_route(self._rows, rows)
        usual &= ~is_masked(CARD.number, rows, self._rows, mask)
        self._first = grown(self._first, len(self._rows.names))
        self._last = grown(self._last, len(self._rows.names))
        chosen, second = rows[usual], seen.window.second
        self._recall(chosen)
        self._first[chosen] = np.where(self._first[chosen] == 0, second, self._first[chosen])
        self._last[chosen] = second
        for part in PARTS:
            timed = seen.columns.of("timed")[usual]
            mean = seen.columns.of(f"{part}_sum")[usual] / timed
            squares = seen.columns.of(f"{part}_squares")[usual] / timed
            p95 = np.where(timed >= LEAST_TIMED_P95, seen.columns.of(f"{part}_p95")[usual], np.nan)
            self._mean[part].learn(second, chosen, np.exp(mean))
            self._p95[part].learn(second, chosen, np.exp(p95))
            self._within[part].learn(second, chosen, np.maximum(squares - mean**2, 0.0))

    def _recall(self, rows: Ints) -> None:
        """Teach the season of rows that are met for the first time."""
        for row in rows[self._first[rows] == 0] if self._past else ():
            hours = self._past.pop(self._rows.names[row].removeprefix(ROUTE), ())
            for hour in hours:
                seconds = hour.began + np.arange(0, HOUR_S, SLOT_S)
                means = np.full(len(seconds), hour.mean_us)
                self._mean["upstream"].recall(seconds, np.full(len(seconds), row), means)

    def score(self, seen: Seen) -> Scored:
        """Signals of what got slower: routes, upstreams of several slow routes, the gateway."""
        is_timed = is_route(self._rows, seen.recent.rows) & (seen.recent.of("timed")[:, 0] > 0)
        chosen = np.flatnonzero(is_timed)
        if not len(chosen):
            return Scored(())
        recent = Recent(seen.recent.rows[chosen], seen.recent.values[:, chosen], seen.recent.seconds[chosen])
        second = seen.window.second
        upstream = self._shift(second, recent, "upstream", LEAST_SHIFT_US["upstream"])
        every = bool((upstream.ripe | upstream.lasting).mean() >= EVERY_SHARE)
        least_us = LEAST_MACHINE_US if every else LEAST_SHIFT_US["gateway"]
        own = self._of_gateway(recent, self._shift(second, recent, "gateway", least_us))
        signals = [*self._of_upstreams(recent, upstream, is_masked=bool(own)), *own]
        told = {signal.key for signal in signals}
        present = [self._rows.names[row] for row in recent.rows]
        above = [UPSTREAM + self._rows.upstreams[row] for row in recent.rows]
        return Scored(tuple(signals), frozenset((*present, *above, GATEWAY)) - told)

    def _shift(self, second: int, recent: Recent, part: Part, least_us: float) -> Shift:
        """CUSUM of one part over the last windows of each row."""
        timed = recent.of("timed")
        n = np.maximum(timed, 1.0)
        mean, p95 = recent.of(f"{part}_sum") / n, recent.of(f"{part}_p95")
        usual = self._mean[part].expected(second, recent.rows)
        tail = self._p95[part].expected(second, recent.rows)
        within = np.maximum(self._within[part].expected(second, recent.rows).level, 0.0)
        error = np.sqrt(usual.spread[:, None] ** 2 + within[:, None] / n)
        z = np.clip((mean - usual.level[:, None]) / error, -Z_CAP, Z_CAP)
        z_p95 = np.clip((p95 - tail.level[:, None]) / tail.spread[:, None], -P95_Z_CAP, P95_Z_CAP)
        enough = self._enough(recent.rows)
        counted = (timed >= LEAST_TIMED) & (enough & (usual.values >= LEAST_VALUES))[:, None]
        counted_p95 = (timed >= LEAST_TIMED_P95) & (enough & (tail.values >= LEAST_VALUES))[:, None]
        return either(
            shifted(np.where(counted, z - K, 0.0), mean, timed, level=usual.level, least_us=least_us),
            shifted(
                np.where(counted_p95, z_p95 - K, 0.0),
                p95,
                timed,
                level=tail.level,
                least_us=least_us * P95_SHIFTS,
            ),
        )

    def _enough(self, rows: Ints) -> Flags:
        """Whether a row has been learnt for long enough."""
        inside = rows < len(self._first)
        known = np.where(inside, rows, 0)
        span = (self._last[known] - self._first[known]).astype(np.int64)
        enough: Flags = inside & (span >= LEAST_HISTORY_S)
        return enough

    def _of_upstreams(self, recent: Recent, shift: Shift, *, is_masked: bool) -> list[Signal]:
        """Signals of routes; where two of an upstream are ripe, or one and half are slow, the upstream's is.

        None is ripe where the gateway itself is slow (`is_masked`): that is told, and it is one incident.
        """
        slow: dict[str, list[int]] = {}
        for at in np.flatnonzero(shift.ripe | shift.lasting):
            slow.setdefault(self._rows.upstreams[int(recent.rows[at])], []).append(int(at))
        signals: list[Signal] = []
        for upstream, routes in sorted(slow.items()):
            ripe = [at for at in routes if shift.ripe[at] and not is_masked]
            known = sum(self._rows.upstreams[int(row)] == upstream for row in recent.rows)
            is_shared = len(routes) >= max(2.0, WHOLE_SHARE * known)
            is_whole = bool(upstream and ripe) and (is_shared or len(ripe) >= 2)
            signals += [
                to_signal(
                    Slow(recent, shift, (at,), self._rows), ripe=at in ripe and not is_shared and not is_whole
                )
                for at in routes
            ]
            if len(routes) >= 2 and upstream:
                about = Slow(recent, shift, tuple(routes), self._rows)
                signals.append(to_signal(about, ripe=is_whole, key=UPSTREAM + upstream))
        return signals

    def _of_gateway(self, recent: Recent, shift: Shift) -> list[Signal]:
        """One signal about the gateway, where most of its routes are slower in its own part."""
        routes = np.flatnonzero(shift.ripe | shift.lasting)
        most = max(1.0, GATEWAY_SHARE * len(recent.rows))
        if len(routes) < most:
            return []
        about = Slow(recent, shift, tuple(int(at) for at in routes), self._rows)
        return [to_signal(about, ripe=int(shift.ripe.sum()) >= most, key=GATEWAY)]


class Slow(NamedTuple):
    """Rows of a shift: slow routes, at least one."""

    recent: Recent
    shift: Shift
    at: tuple[int, ...]
    rows: Rows


def is_route(names: Rows, rows: Ints) -> Flags:
    """Which rows are routes: an upstream's mean moves with the mix of its routes, and means nothing."""
    return np.fromiter((names.names[row].startswith(ROUTE) for row in rows), np.bool_, len(rows))


def milliseconds(log_us: float) -> float:
    """ln microseconds -> milliseconds."""
    return round(float(np.exp(log_us)) / 1e3, 4)


def to_signal(slow: Slow, *, ripe: bool, key: str = "") -> Signal:
    """A signal about a route, or about what `key` names, which is all of these routes together."""
    recent, shift, routes, rows = slow
    worst = max(routes, key=lambda at: (float(shift.score[at]), -at))
    observed, expected = took(slow, key)
    onset = onset_of(slow)
    lasted_s = int(recent.seconds[worst, 0]) - onset + 1
    name, upstream = rows.names[int(recent.rows[worst])], rows.upstreams[int(recent.rows[worst])]
    part = GATEWAY if key == GATEWAY else "upstream"
    other = "upstream" if key == GATEWAY else GATEWAY
    beside = milliseconds(beside_of(slow, other))
    return Signal(
        key=key or name,
        kind=CARD.kind,
        ripe=ripe,
        score=round(float(shift.score[worst]), 3),
        onset=onset,
        route="" if key else name.removeprefix(ROUTE),
        identity="",
        group=GATEWAY if key == GATEWAY else upstream or name,
        severity="critical" if observed > GRAVE_FACTOR * expected and lasted_s >= GRAVE_S else "warning",
        summary=summary_of(slow, key or name, observed, expected),
        evidence=(
            Observation(f"{part}_latency", observed, expected, "ms"),
            Observation(f"{other}_latency_beside", beside, beside, "ms"),
            Observation("slow_routes", float(len(routes)), float(len(recent.rows)), "routes"),
            Observation("windows", float(shift.windows[worst]), 0.0, "windows"),
        ),
    )


def took(slow: Slow, key: str) -> tuple[float, float]:
    """(now, usual) milliseconds: of the route, or of all that belongs to `key`: always of the same."""
    recent, shift, routes, rows = slow
    about = routes
    if key:
        upstream = key.removeprefix(UPSTREAM)
        about = tuple(
            at
            for at, row in enumerate(recent.rows)
            if shift.level[at] > 0.0 and (key == GATEWAY or rows.upstreams[int(row)] == upstream)
        )
    if not shift.is_second[list(routes)].all():  # means and tails do not mix
        about = tuple(at for at in about if not shift.is_second[at])
    timed = recent.of("timed")[list(about)].sum(axis=1)
    now, usual = (float(np.average(each[list(about)], weights=timed)) for each in (shift.now, shift.level))
    return milliseconds(now), milliseconds(usual)


def onset_of(slow: Slow) -> int:
    """The first slow second: of several routes the middle one, for one alone may have been slow before."""
    began: list[int] = []
    for at in slow.at:
        seconds = slow.recent.seconds[at, : int(slow.shift.windows[at])]
        began += [int(seconds[seconds > 0].min())] if (seconds > 0).any() else []
    return sorted(began)[(len(began) - 1) // 2] if began else 0


def beside_of(slow: Slow, other: str) -> float:
    """What the other part took meanwhile: a mean of ln microseconds over all requests of these routes."""
    total = timed = 0.0
    for at in slow.at:
        windows = int(slow.shift.windows[at])
        total += float(slow.recent.of(f"{other}_sum")[at, :windows].sum())
        timed += float(slow.recent.of("timed")[at, :windows].sum())
    return total / max(timed, 1.0)


def summary_of(slow: Slow, key: str, observed: float, expected: float) -> str:
    """One sentence: who, how much, on how many routes."""
    who = "the gateway's own part" if key == GATEWAY else "the upstream"
    routes, known = len(slow.at), len(slow.recent.rows)
    where = "" if key.startswith(ROUTE) else f" on {routes} of {known} routes"
    which = " for the slowest 5 % of requests" if slow.shift.is_second[list(slow.at)].all() else ""
    return (
        f"{key}: {who} takes {to_duration(observed)}{where}{which}, {observed / expected:.1f} times the "
        f"usual {to_duration(expected)}"
    )
