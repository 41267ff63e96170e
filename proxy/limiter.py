"""The limiter registry: the state that `kernel.decide` charges, bounded, and split among workers.

It is one of the four owners of mutable state and survives every reload: buckets are named by
limit and key, so a limit that keeps its name keeps its buckets.

A worker cannot see what the others admit, so `--workers N` gives each of them rate/N and
ceil(burst/N). The error, for any identity and any t seconds:
  * above: all workers together admit at most burst + (N - 1) + rate * t, never more;
  * below: a client whose connections all land on one worker gets rate/N and ceil(burst/N).
"""

import heapq
import math
from collections.abc import Iterable

import msgspec

from kernel.findings import Overlay
from kernel.limits import Quota
from kernel.policy import Adaptive, Limit, Policy

MAX_KEYS = 100_000  # about 25 MB; a full bucket is dropped long before, see sweep
SLICE = 5_000  # keys looked at per sweep: half a millisecond, no pause that a request would feel


class Limiter(dict[tuple[str, str], float]):
    """(limit, key) -> theoretical arrival time. A dictionary, so that a decision costs no call."""

    __slots__ = ("evicted", "max_keys", "unswept")

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        super().__init__()
        self.max_keys = max_keys
        self.evicted = 0  # buckets forgotten although they were not full
        self.unswept: list[tuple[str, str]] = []

    def sweep(self, now: float, keys: int = SLICE) -> None:
        """Forget full buckets among the next `keys`; over the cap, those of them nearest to full too.

        A full bucket is what an unseen key has, so forgetting it changes no decision. Evicting
        one that is not full lets its client have its burst again (fail open), and is counted.
        Only a slice is looked at: to rank all 100,000 buckets would stop every request for 50 ms.
        """
        keys = max(keys, 4 * (len(self) - self.max_keys))
        if not self.unswept:
            self.unswept = list(self)
        left: list[tuple[float, tuple[str, str]]] = []
        for key in self.unswept[-keys:]:
            tat = self.get(key)
            if tat is not None and tat > now:
                left.append((tat, key))
            elif tat is not None:
                del self[key]
        del self.unswept[-keys:]
        excess = len(self) - self.max_keys
        if excess > 0:
            nearest = heapq.nsmallest(excess, left)
            self.evicted += len(nearest)
            for _, key in nearest:
                del self[key]


def split_quota(quota: Quota, workers: int) -> Quota:
    """One worker's share of a bucket.

    >>> split_quota(Quota(rate=10.0, burst=5), 2)
    Quota(rate=5.0, burst=3)
    """
    return Quota(quota.rate / workers, math.ceil(quota.burst / workers))


def split_policy(policy: Policy, workers: int) -> Policy:
    """The policy as one of `workers` enforces it."""
    if workers == 1 or not policy.limits:
        return policy
    return msgspec.structs.replace(policy, limits=tuple(split_limit(each, workers) for each in policy.limits))


def split_limit(limit: Limit, workers: int) -> Limit:
    """One worker's share of a limit, and of the range that analytics may set it in."""
    rate, burst = split_quota(Quota(limit.rate, limit.burst), workers)
    adaptive = limit.adaptive and Adaptive(
        floor=limit.adaptive.floor / workers, ceiling=limit.adaptive.ceiling / workers
    )
    return msgspec.structs.replace(limit, rate=rate, burst=burst, adaptive=adaptive)


def split_overlays(overlays: Iterable[Overlay], workers: int) -> tuple[Overlay, ...]:
    """One worker's share of what analytics set."""
    if workers == 1:
        return tuple(overlays)
    shares = ((overlay, split_quota(Quota(overlay.rate, overlay.burst), workers)) for overlay in overlays)
    return tuple(
        msgspec.structs.replace(overlay, rate=share.rate, burst=share.burst) for overlay, share in shares
    )


def error_of_split(workers: int) -> str:
    """What the start of a proxy says about limits under `--workers N`."""
    return (
        f"limits are split among {workers} workers: each enforces rate/{workers} and ceil(burst/{workers}); "
        f"together they admit at most burst + {workers - 1} + rate*t, and a client on one connection "
        f"gets a {workers}th of the rate"
    )
