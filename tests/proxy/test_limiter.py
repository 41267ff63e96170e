"""The limiter registry: bounded, and split among workers by a stated error."""

import math

from hypothesis import given
from hypothesis import strategies as st

from kernel.limits import TAT_UNSEEN, Quota, take
from proxy.limiter import Limiter, error_of_split, split_overlays, split_policy, split_quota
from tests.proxy.around import POLICY, overlay, snapshot_of


def swept(limiter: Limiter, now: float) -> Limiter:
    for _ in range(2 + len(limiter)):
        limiter.sweep(now, keys=2)
    return limiter


def test_full_buckets_are_forgotten_and_others_kept() -> None:
    limiter = Limiter()
    limiter.update({("l", str(n)): 100.0 + n for n in range(10)})
    assert sorted(swept(limiter, 104.0).values()) == [105.0, 106.0, 107.0, 108.0, 109.0]
    assert limiter.evicted == 0


def test_over_the_cap_the_buckets_nearest_to_full_go_first_and_are_counted() -> None:
    limiter = Limiter(max_keys=3)
    limiter.update({("l", str(n)): 100.0 + n for n in range(5)})
    limiter.sweep(0.0)
    assert sorted(limiter.values()) == [102.0, 103.0, 104.0]
    assert limiter.evicted == 2


def test_a_flood_of_keys_is_held_at_the_cap_by_looking_at_a_slice_at_a_time() -> None:
    limiter = Limiter(max_keys=1_000)
    for tick in range(50):
        limiter.update({("l", f"{tick}-{n}"): 1_000.0 + n for n in range(100)})
        limiter.sweep(0.0, keys=50)
        assert len(limiter) <= 1_000
    assert limiter.evicted == 50 * 100 - 1_000


def test_a_key_that_comes_back_while_a_sweep_goes_on_is_not_lost() -> None:
    limiter = Limiter()
    limiter.update({("l", "a"): 1.0, ("l", "b"): 1.0})
    limiter.sweep(5.0, keys=1)
    limiter[("l", "a")] = 50.0
    limiter[("l", "b")] = 50.0
    assert len(swept(limiter, 5.0)) == 2


@given(
    st.integers(1, 16),
    st.floats(0.1, 1_000),
    st.integers(1, 500),
    st.lists(st.tuples(st.integers(0, 15), st.floats(0, 0.5)), max_size=80),
)
def test_workers_together_never_admit_more_than_the_stated_error(
    workers: int, rate: float, burst: int, arrivals: list[tuple[int, float]]
) -> None:
    share = split_quota(Quota(rate, burst), workers)
    states, now, admitted = [TAT_UNSEEN] * workers, 1_000.0, 0
    for worker, gap in arrivals:
        now += gap
        states[worker % workers], taken = take(states[worker % workers], now, share)
        admitted += taken.allowed
    assert admitted <= burst + (workers - 1) + rate * (now - 1_000.0) + 1e-3


def test_a_policy_is_split_with_the_range_of_its_adaptive_limits() -> None:
    policy = snapshot_of(POLICY).policy
    limit = split_policy(policy, 3).limits[0]
    assert math.isclose(limit.rate, 10 / 3)
    assert limit.burst == 2
    assert limit.adaptive is not None
    assert math.isclose(limit.adaptive.ceiling, 20 / 3)
    assert split_policy(policy, 1) is policy


def test_overlays_are_split_as_limits_are() -> None:
    assert split_overlays([overlay()], 1) == (overlay(),)
    assert split_overlays([overlay()], 4) == (overlay(rate=1.0, burst=1),)


def test_the_error_of_the_split_is_stated() -> None:
    assert "at most burst + 3 + rate*t" in error_of_split(4)
