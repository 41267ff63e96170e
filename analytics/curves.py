"""A limit at other rates: whom each would have refused, in one pass over the requests for all of them.

The arithmetic is `kernel.limits.take`, over arrays: one axis for the points of the curve, one for the
buckets, whose first requests of a chunk are judged together, then their second ones, and so on. Where few
buckets are left, each is walked alone. Each point counts as a shadow does: on state of its own, every
request asked, whatever other rules say.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from analytics.harm import simultaneous_limits
from kernel.limits import SLACK, TAT_UNSEEN, TICKS, Quota
from kernel.policy import FASTEST_RATE
from kernel.replays import CurvePoint, Split

STEPS = range(-6, 7)  # half octaves: an eighth to eight times the rate
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


def readable(rate: float) -> float:
    """Three digits are enough of a rate that nobody set."""
    return float(f"{rate:.3g}")


class Curve:
    """One limit's curve. Memory: a number per point and bucket, and the identities refused."""

    def __init__(self, quotas: list[Quota]) -> None:
        self.quotas = quotas
        self._intervals: Floats = np.array([math.ceil(TICKS / each.rate) / TICKS for each in quotas])
        self._capacities: Floats = np.array([each.burst for each in quotas]) * self._intervals
        self._tats: Floats = np.full((len(quotas), 0), TAT_UNSEEN)
        self._requests: Numbers = np.zeros((2, len(quotas)), dtype=np.int64)  # legitimate, attack
        self._identities: list[list[set[int]]] = [[set() for _ in quotas] for _ in range(2)]
        self._harmed: list[set[int]] = [set() for _ in quotas]

    def add(self, met: Met) -> None:
        """Judge the next chunk."""
        if not len(met.times):
            return
        missing = int(met.buckets.max()) + 1 - self._tats.shape[1]
        if missing > 0:
            self._tats = np.pad(self._tats, ((0, 0), (0, missing)), constant_values=TAT_UNSEEN)
        refused = self._judge(met)
        for point, flags in enumerate(refused):
            for kind in (0, 1):
                of_kind = flags & met.counted & (met.attacks == bool(kind))
                self._requests[kind, point] += int(of_kind.sum())
                self._identities[kind][point].update(np.unique(met.identities[of_kind]).tolist())
            harmed = flags & met.bounded & ~met.attacks
            self._harmed[point].update(np.unique(met.identities[harmed]).tolist())

    def points(self, n: int) -> tuple[CurvePoint, ...]:
        """The curve; `n` legitimate identities could have met the limit."""
        uppers = simultaneous_limits([len(each) for each in self._harmed], n)
        legitimate, attack = (
            [
                Split(int(self._requests[kind, point]), len(self._identities[kind][point]))
                for point in range(len(self.quotas))
            ]
            for kind in (0, 1)
        )
        return tuple(
            CurvePoint(quota.rate, quota.burst, attack[point], legitimate[point], uppers[point])
            for point, quota in enumerate(self.quotas)
        )

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
