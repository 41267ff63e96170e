"""D17, latency regression: CUSUM on the mean and the 95th percentile of log latency, by route.

The upstream's share and the gateway's own (duration less upstream, less what the client took to
send) are watched apart, so that a finding says who got slower. Per window

    z = (x - level) / sqrt(spread**2 + within / n)        x: mean or p95 of ln microseconds

with level and spread from `seas` and `within` the usual variance inside a window; see `cusum` for
the rest. A window counts for at most Z_CAP. Of several slow routes of one upstream the finding is
the upstream's.
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

Part = Literal["upstream", "gateway"]
PARTS: tuple[Part, ...] = ("upstream", "gateway")
GATEWAY = "gateway"  # the key of findings about the gateway itself

HOUR_S = 3_600
K = 1.0
Z_CAP = 8.0
P95_Z_CAP = 6.0  # the 95th percentile of few requests is their greatest
LEAST_SHIFT_US = {"upstream": 5_000.0, "gateway": 10_000.0}  # geometric mean
P95_SHIFTS = 4.0  # a shift of the tail alone must be so many times that
LEAST_TIMED = 2  # requests in a window
LEAST_TIMED_P95 = 5
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
            if mask.holds(CARD.number, GATEWAY) and part == "gateway":
                continue
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
        signals = [
            *self._of_upstreams(recent, self._shift(second, recent, "upstream")),
            *self._of_gateway(recent, self._shift(second, recent, "gateway")),
        ]
        told = {signal.key for signal in signals}
        present = [self._rows.names[row] for row in recent.rows]
        above = [UPSTREAM + self._rows.upstreams[row] for row in recent.rows]
        return Scored(tuple(signals), frozenset((*present, *above, GATEWAY)) - told)

    def _shift(self, second: int, recent: Recent, part: Part) -> Shift:
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
        least_us = LEAST_SHIFT_US[part]
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

    def _of_upstreams(self, recent: Recent, shift: Shift) -> list[Signal]:
        """Signals of routes; where two or more of an upstream are ripe, the upstream's is the ripe one."""
        slow: dict[str, list[int]] = {}
        for at in np.flatnonzero(shift.ripe | shift.lasting):
            slow.setdefault(self._rows.upstreams[int(recent.rows[at])], []).append(int(at))
        signals: list[Signal] = []
        for upstream, routes in sorted(slow.items()):
            ripe = [at for at in routes if shift.ripe[at]]
            is_whole = len(ripe) >= 2 and bool(upstream)
            signals += [
                to_signal(Slow(recent, shift, at, self._rows), ripe=bool(shift.ripe[at]) and not is_whole)
                for at in routes
            ]
            if upstream:
                worst = max(ripe or routes, key=lambda at: (float(shift.score[at]), -at))
                about = Slow(recent, shift, worst, self._rows)
                signals.append(to_signal(about, ripe=is_whole, key=UPSTREAM + upstream))
        return signals

    def _of_gateway(self, recent: Recent, shift: Shift) -> list[Signal]:
        """One signal about the gateway, where most of its routes got slower in its own part."""
        routes = np.flatnonzero(shift.ripe | shift.lasting)
        if not len(routes):
            return []
        is_ripe = int(shift.ripe.sum()) >= max(1.0, GATEWAY_SHARE * len(recent.rows))
        worst = max((int(at) for at in routes), key=lambda at: (float(shift.score[at]), -at))
        return [to_signal(Slow(recent, shift, worst, self._rows), ripe=is_ripe, key=GATEWAY)]


class Slow(NamedTuple):
    """One row of a shift."""

    recent: Recent
    shift: Shift
    at: int
    rows: Rows


def is_route(names: Rows, rows: Ints) -> Flags:
    """Which rows are routes: an upstream's mean moves with the mix of its routes, and means nothing."""
    return np.fromiter((names.names[row].startswith(ROUTE) for row in rows), np.bool_, len(rows))


def milliseconds(log_us: float) -> float:
    """ln microseconds -> milliseconds."""
    return round(float(np.exp(log_us)) / 1e3, 4)


def to_signal(slow: Slow, *, ripe: bool, key: str = "") -> Signal:
    """A signal about a route, or about what `key` names with the route as the worst of it."""
    recent, shift, at, rows = slow
    row = int(recent.rows[at])
    route = rows.names[row].removeprefix(ROUTE)
    windows = int(shift.windows[at])
    seconds = recent.seconds[at, :windows]
    onset = int(seconds[seconds > 0].min()) if (seconds > 0).any() else 0
    observed, expected = milliseconds(float(shift.now[at])), milliseconds(float(shift.level[at]))
    whose = "the gateway's own part" if key == GATEWAY else "the upstream"
    other = "upstream" if key == GATEWAY else "gateway"
    timed = np.maximum(recent.of("timed")[at, :windows].sum(), 1.0)
    beside = milliseconds(float(recent.of(f"{other}_sum")[at, :windows].sum() / timed))
    upstream = rows.upstreams[row]
    return Signal(
        key=key or rows.names[row],
        kind=CARD.kind,
        ripe=ripe,
        score=round(float(shift.score[at]), 3),
        onset=onset,
        route=route,
        identity="",
        group=GATEWAY if key == GATEWAY else upstream or rows.names[row],
        severity="critical" if observed > 4 * expected else "warning",
        summary=f"{key or rows.names[row]}: {whose} takes {observed:.3g} ms on {route}, "
        f"usual are {expected:.3g} ms",
        evidence=(
            Observation(f"{GATEWAY if key == GATEWAY else 'upstream'}_latency", observed, expected, "ms"),
            Observation(f"{other}_latency_beside", beside, beside, "ms"),
            Observation("windows", float(windows), 0.0, "windows"),
        ),
    )
