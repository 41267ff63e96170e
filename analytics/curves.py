"""A limit at other rates: whom each would have refused, in one pass over the requests for all of them.

The arithmetic is `kernel.limits.take`, over arrays: one axis for the points of the curve, one for the
buckets, whose first requests of a chunk are judged together, then their second ones, and so on. Where few
buckets are left, each is walked alone. Each point counts as a shadow does: on state of its own, every
request asked, whatever other rules say.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from analytics.harm import simultaneous_limits
from kernel.limits import SLACK, TAT_UNSEEN, TICKS, Quota
from kernel.policy import FASTEST_RATE
from kernel.replays import Choice, CurvePoint, Split

STEPS = range(-6, 7)  # half octaves: an eighth to eight times the rate
ACROSS = (0.125, 0.25, 0.5, 1.0)  # of the rate, at bursts that do not follow it
LEAST_BURST = 2  # of what is chosen: one request may be sent twice, one password be mistyped
MOST_REFUSED = 0.95  # of what the best value refuses: the most generous value that does is chosen
FEW = 12  # buckets: fewer are walked one by one, as an array operation costs about 12 steps in Python

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Met(msgspec.Struct, frozen=True):
    """The requests of a chunk that meet a limit, in order: parallel arrays."""

    times: Floats
    buckets: Numbers  # number of the bucket
    identities: Numbers
    attacks: Flags
    counted: Flags  # not of the time that only warms state
    bounded: Flags  # of the time over which harm is bounded


def quotas_around(quota: Quota) -> list[Quota]:
    """The curve's points; burst keeps its proportion to the rate."""
    factors = [2.0 ** (step / 2) for step in STEPS]
    found = {
        Quota(min(FASTEST_RATE, readable(quota.rate * factor)), max(1, round(quota.burst * factor)))
        for factor in factors
        if factor != 1.0
    }
    return sorted({quota, *found})


def quotas_across(quota: Quota) -> list[Quota]:
    """More values to choose among: rates and bursts that are not in proportion."""
    bursts = {max(LEAST_BURST, round(quota.burst * factor)) for factor in (0.25, 0.5, 1.0, 2.0)}
    rates = {readable(quota.rate * factor) for factor in ACROSS}
    return [Quota(rate, burst) for rate in sorted(rates) for burst in sorted({LEAST_BURST, *bursts})]


def readable(rate: float) -> float:
    """Three digits are enough of a rate that nobody set."""
    return float(f"{rate:.3g}")


class Curve:
    """One limit's curve. Memory: a number per point and bucket, and the identities refused.

    `own`: the limit's value. `more`: values beside the curve, among which one may be chosen.
    """

    def __init__(self, own: Quota, *, more: Sequence[Quota] = ()) -> None:
        self.own = own
        around = quotas_around(own)
        self._shown = len(around)
        self.is_chosen_from = bool(more)
        quotas = [*around, *(each for each in more if each not in around)]
        self.quotas = quotas
        self._intervals: Floats = np.array([math.ceil(TICKS / each.rate) / TICKS for each in quotas])
        self._capacities: Floats = np.array([each.burst for each in quotas]) * self._intervals
        self._tats: Floats = np.full((len(quotas), 0), TAT_UNSEEN)
        self._requests: Numbers = np.zeros((2, len(quotas)), dtype=np.int64)  # legitimate, attack
        self._identities: list[list[set[int]]] = [[set() for _ in quotas] for _ in range(2)]
        self._harmed: list[set[int]] = [set() for _ in quotas]
        self._harmed_before: list[set[int]] = [set() for _ in quotas]
        self._attacks = 0  # requests that met the limit

    def add(self, met: Met) -> None:
        """Judge the next chunk."""
        if not len(met.times):
            return
        missing = int(met.buckets.max()) + 1 - self._tats.shape[1]
        if missing > 0:
            self._tats = np.pad(self._tats, ((0, 0), (0, missing)), constant_values=TAT_UNSEEN)
        refused = self._judge(met)
        self._attacks += int((met.attacks & met.counted).sum())
        before = met.counted & ~met.bounded & ~met.attacks
        for point, flags in enumerate(refused):
            for kind in (0, 1):
                of_kind = flags & met.counted & (met.attacks == bool(kind))
                self._requests[kind, point] += int(of_kind.sum())
                self._identities[kind][point].update(np.unique(met.identities[of_kind]).tolist())
            harmed = flags & met.bounded & ~met.attacks
            self._harmed[point].update(np.unique(met.identities[harmed]).tolist())
            self._harmed_before[point].update(np.unique(met.identities[flags & before]).tolist())

    def points(self, n: int) -> tuple[CurvePoint, ...]:
        """The curve; `n` legitimate identities could have met the limit."""
        shown = self.quotas[: self._shown]
        uppers = simultaneous_limits([len(each) for each in self._harmed[: self._shown]], n)
        legitimate, attack = (
            [
                Split(int(self._requests[kind, point]), len(self._identities[kind][point]))
                for point in range(len(shown))
            ]
            for kind in (0, 1)
        )
        return tuple(
            CurvePoint(quota.rate, quota.burst, attack[point], legitimate[point], uppers[point])
            for point, quota in enumerate(shown)
        )

    def choice(self) -> Choice | None:
        """The value to choose, by what it did to the attack, and to others before harm is bounded.

        The attack counts as a whole: who is legitimate later has no part in the choice.
        """
        if not self._attacks:
            return None
        shares = [int(each) / self._attacks for each in self._requests[1]]
        own = self.quotas.index(self.own)
        harmless = [
            point
            for point, quota in enumerate(self.quotas)
            if not self._harmed_before[point] and quota.burst >= min(LEAST_BURST, self.own.burst)
        ]
        most = max((shares[point] for point in harmless), default=0.0)
        enough = [point for point in harmless if shares[point] >= MOST_REFUSED * most]
        best = max(enough, key=lambda at: (self.quotas[at].rate, self.quotas[at].burst), default=own)
        rate, burst = self.quotas[best]
        return Choice(rate, burst, most and shares[best], shares[own], len(self._harmed_before[own]))

    def _judge(self, met: Met) -> NDArray[np.bool_]:
        """(points, requests): whether it was refused."""
        refused = np.zeros((len(self.quotas), len(met.times)), dtype=np.bool_)
        order = np.argsort(met.buckets, kind="stable")
        buckets, firsts, counts = np.unique(met.buckets[order], return_index=True, return_counts=True)
        busiest = np.argsort(-counts, kind="stable")
        buckets, firsts, counts = buckets[busiest], firsts[busiest], counts[busiest]
        rank = 0
        while True:
            left = int(np.searchsorted(-counts, -rank, side="left"))  # buckets with more than `rank` requests
            if left <= FEW:
                break
            rows = order[firsts[:left] + rank]
            refused[:, rows] = self._step(buckets[:left], met.times[rows])
            rank += 1
        for bucket, first, count in zip(buckets[:left], firsts[:left], counts[:left], strict=True):
            rows = order[first + rank : first + count]
            for point in range(len(self.quotas)):
                refused[point, rows] = self._walk(point, int(bucket), met.times[rows].tolist())
        return refused

    def _step(self, buckets: Numbers, now: Floats) -> NDArray[np.bool_]:
        """One request of each bucket, at every point."""
        interval, capacity = self._intervals[:, None], self._capacities[:, None]
        tats = self._tats[:, buckets]
        debt = tats - now
        tats = np.where(debt > capacity, now + capacity, tats)
        after = np.minimum(np.maximum(debt, 0.0), capacity) + interval
        is_allowed = after <= capacity + SLACK
        self._tats[:, buckets] = np.where(is_allowed, now + after, tats)
        found: NDArray[np.bool_] = ~is_allowed
        return found

    def _walk(self, point: int, bucket: int, times: list[float]) -> list[bool]:
        """The requests of one bucket at one point."""
        interval, capacity = float(self._intervals[point]), float(self._capacities[point])
        tat, refused, most = float(self._tats[point, bucket]), [], capacity + SLACK
        for now in times:
            debt = tat - now
            if debt < 0.0:
                debt = 0.0
            elif debt > capacity:
                debt, tat = capacity, now + capacity
            after = debt + interval
            if after <= most:
                tat = now + after
                refused.append(False)
            else:
                refused.append(True)
        self._tats[point, bucket] = tat
        return refused
