"""The curve's arithmetic is the kernel's, for every point."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.curves import FEW, Curve, Met, quotas_around
from kernel.limits import TAT_UNSEEN, Quota, take
from kernel.policy import FASTEST_RATE
from kernel.replays import MOST_CURVE, Split

NOW = 1_800_000_000.0
ASKED = st.lists(
    st.tuples(st.integers(0, FEW * 2), st.sampled_from([0.0, 0.001, 0.1, 1.0])), min_size=1, max_size=200
)


def met(asked: list[tuple[int, float]]) -> Met:
    """Requests of identities at their own buckets; the odd ones are attacks."""
    buckets = np.array([bucket for bucket, _ in asked])
    every = np.ones(len(asked), dtype=np.bool_)
    times = NOW + np.cumsum([gap for _, gap in asked])
    return Met(times, buckets, buckets, buckets % 2 == 1, every, every)


@given(ASKED, st.integers(1, 200))
def test_each_point_refuses_what_the_kernel_would(asked: list[tuple[int, float]], cut: int) -> None:
    quotas = quotas_around(Quota(1.0, 3))
    curve = Curve(quotas)
    whole = met(asked)
    for part in (slice(0, cut), slice(cut, None)):  # two chunks
        curve.add(
            Met(
                whole.times[part],
                whole.buckets[part],
                whole.identities[part],
                whole.attacks[part],
                whole.counted[part],
                whole.bounded[part],
            )
        )
    for point, quota in zip(curve.points(100), quotas, strict=True):
        state: dict[int, float] = {}
        refused = []
        for now, bucket in zip(whole.times.tolist(), whole.buckets.tolist(), strict=True):
            state[bucket], taken = take(state.get(bucket, TAT_UNSEEN), now, quota)
            if not taken.allowed:
                refused.append(bucket)
        legitimate = [each for each in refused if each % 2 == 0]
        attack = [each for each in refused if each % 2 == 1]
        assert point.legitimate == Split(len(legitimate), len(set(legitimate)))
        assert point.attack == Split(len(attack), len(set(attack)))


def test_points_lie_around_the_value_and_within_what_a_policy_may_say() -> None:
    points = quotas_around(Quota(10.0, 20))
    assert Quota(10.0, 20) in points
    assert (points[0].rate, points[-1].rate) == (1.25, 80.0)
    assert len(points) <= MOST_CURVE
    assert max(each.rate for each in quotas_around(Quota(FASTEST_RATE, 1))) == FASTEST_RATE
    assert min(each.burst for each in quotas_around(Quota(1.0, 1))) == 1
