"""The token bucket as GCRA: one float of state, pure functions of (state, now).

GCRA (ITU-T I.371; the virtual-scheduling form) keeps a theoretical arrival time `tat`.
With T = 1/rate and tau = burst * T a request at `now` conforms iff max(tat, now) + T - now <= tau,
and then tat becomes max(tat, now) + T. It admits at most burst + rate * t requests in any t seconds.
A clock that steps back leaves `tat` far ahead; it is clamped to now + tau, so that a step can
neither lock a client out for longer than an empty bucket does nor hand out more than one burst.
The state that comes with a refusal is to be kept, too: it is the old one, or the clamped one.
"""

import math
from typing import NamedTuple

import msgspec

TAT_UNSEEN = 0.0  # the state of a key that was never seen: a full bucket
# A float of today's wall clock is a multiple of 2^-22 s (until 2038). T is rounded up to one, too,
# so that every sum below is exact: a whole burst is admitted, and never more than the bound.
TICKS = 4_194_304  # per second
SLACK = 0.25 / TICKS  # for clocks that are no wall clocks, whose sums do round


class Quota(NamedTuple):
    """A bucket's size: `rate` in requests per second (> 0), `burst` in requests (>= 1).

    It refills by up to rate * 2^-22 more slowly than `rate`: 0.03 % at 1,000/s, 3 % at 100,000/s.
    """

    rate: float
    burst: int


class Taken(msgspec.Struct, frozen=True, gc=False):
    """Verdict of one limit: what is left (requests), and when (seconds) it is whole again.

    `retry_after` is the wait in seconds until one request conforms; 0 where it was allowed.
    """

    allowed: bool
    remaining: int
    reset_after: float
    retry_after: float


def take(tat: float, now: float, quota: Quota) -> tuple[float, Taken]:
    """Take one request from a bucket: (state, now) -> (state, verdict).

    >>> take(0.0, 100.0, Quota(rate=1.0, burst=2))
    (101.0, Taken(allowed=True, remaining=1, reset_after=1.0, retry_after=0.0))
    """
    rate, burst = quota
    interval = math.ceil(TICKS / rate) / TICKS
    capacity = burst * interval
    debt = tat - now
    if debt < 0.0:
        debt = 0.0
    elif debt > capacity:
        debt = capacity
        tat = now + capacity
    after = debt + interval
    if after <= capacity + SLACK:
        return now + after, Taken(True, int((capacity - after + SLACK) / interval), after, 0.0)
    return tat, Taken(False, 0, debt, after - capacity)
