"""The curve's arithmetic is the kernel's, for every point."""

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.curves import FEW, LEAST_BURST, Curve, Met, quotas_across, quotas_around
from kernel.limits import TAT_UNSEEN, Quota, take
from kernel.policy import FASTEST_RATE
from kernel.replays import MOST_CURVE, Choice, Split

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
    curve = Curve(Quota(1.0, 3), more=quotas_across(Quota(1.0, 3)))
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


def tries(*each: tuple[int, int, float]) -> Met:
    """(bucket, requests, seconds between them); the odd buckets are attacks, and the first 60 s choose."""
    asked = sorted((NOW + at * gap, bucket) for bucket, count, gap in each for at in range(count))
    times = np.array([at for at, _ in asked])
    buckets = np.array([bucket for _, bucket in asked])
    every = np.ones(len(asked), dtype=np.bool_)
    return Met(times, buckets, buckets, buckets % 2 == 1, every, times >= NOW + 60)


def chosen(own: Quota, *each: tuple[int, int, float]) -> Choice | None:
    curve = Curve(own, more=quotas_across(own))
    curve.add(tries(*each))
    return curve.choice()


def test_the_most_generous_value_that_refuses_most_of_an_attack_is_chosen() -> None:
    choice = chosen(Quota(1.0, 8), (1, 6_000, 0.01), *((2 * at, 20, 2.0) for at in range(1, 9)))
    assert choice is not None
    assert choice.rate >= 4.0  # of 100 requests a second most are refused by 4 as well as by 1
    assert 0.9 < choice.refused <= choice.refused_now
    assert choice.harmed_now == 0


def test_a_value_that_harms_somebody_in_the_earlier_part_is_not_chosen() -> None:
    busy = tuple((2 * at, 100, 0.5) for at in range(1, 5))  # twice a second
    choice = chosen(Quota(1.0, 3), (1, 300, 0.2), *busy)
    assert choice is not None
    assert choice.harmed_now == 4
    assert choice.rate >= 2.0
    assert 0 < choice.refused < choice.refused_now


def test_harm_in_the_later_part_has_no_say_in_the_choice() -> None:
    late = tries((1, 300, 0.2), (2, 100, 0.5))
    curve = Curve(Quota(1.0, 3), more=quotas_across(Quota(1.0, 3)))
    curve.add(msgspec.structs.replace(late, bounded=late.times >= NOW))
    choice = curve.choice()
    assert choice is not None
    assert (choice.harmed_now, choice.rate < 2.0) == (0, True)
    assert curve.points(5)[0].upper > 0.5  # ... and all of it in the bound


def test_where_nothing_helps_the_choice_refuses_nothing() -> None:
    choice = chosen(Quota(1.0, 3), *((2 * at + 1, 2, 5.0) for at in range(50)))
    assert choice is not None
    assert choice.refused == 0.0
    assert chosen(Quota(1.0, 3), (2, 9, 0.1)) is None  # no attack was met


def test_one_request_may_be_sent_twice() -> None:
    assert all(each.burst >= LEAST_BURST for each in quotas_across(Quota(1.0, 1)))
    choice = chosen(Quota(0.1, 4), *((2 * at + 1, 3, 1.0) for at in range(50)))
    assert choice is not None
    assert choice.burst == LEAST_BURST
    assert choice.refused > choice.refused_now == 0.0
