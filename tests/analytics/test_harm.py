"""The bound against its definition."""

import math

import pytest

from analytics.harm import bound_of, simultaneous_limits, upper_limit
from kernel.replays import CONFIDENCE


def at_most(harmed: int, n: int, share: float) -> float:
    """Probability of `harmed` or fewer of n."""
    return sum(math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(harmed + 1))


@pytest.mark.parametrize(("harmed", "n"), [(0, 1), (0, 299), (1, 50), (3, 20), (19, 20)])
def test_the_limit_is_the_largest_share_that_the_count_still_fits(harmed: int, n: int) -> None:
    assert at_most(harmed, n, upper_limit(harmed, n)) == pytest.approx(1 - CONFIDENCE)


def test_one_percent_needs_299_without_harm_and_a_tenth_needs_2995() -> None:
    assert upper_limit(0, 299) < 0.01 < upper_limit(0, 298)
    assert upper_limit(0, 2995) < 0.001 < upper_limit(0, 2994)


def test_without_anybody_or_with_everybody_harmed_nothing_is_promised() -> None:
    assert bound_of(0, 0).upper == bound_of(5, 5).upper == 1.0


def test_limits_that_hold_together_are_wider_than_alone() -> None:
    together = simultaneous_limits([0, 3, 7], 100)
    assert all(one > upper_limit(harmed, 100) for one, harmed in zip(together, [0, 3, 7], strict=True))
    assert simultaneous_limits([], 100) == []
