"""Laws of the token bucket, whatever arrives and whatever the clock does."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kernel.limits import TAT_UNSEEN, Quota, Taken, take

NOW = 1_800_000_000.0
CLOCK_STEP = 2.0**-22  # what a float of a wall clock resolves
RATES = st.floats(1e-4, 1e4)
BURSTS = st.integers(1, 50)
QUOTAS = st.builds(Quota, RATES, BURSTS)
GAPS = st.lists(st.one_of(st.just(0.0), st.floats(0.0, 0.01), st.floats(0.0, 100.0)), max_size=80)

# Powers of two: every sum below is exact, so that laws about single requests hold to the last bit.
EXACT_RATES = st.sampled_from([0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0])
EXACT_GAPS = st.lists(st.integers(0, 64).map(lambda sixteenths: sixteenths / 16), max_size=80)


def arrivals(gaps: list[float], start: float = NOW) -> list[float]:
    """Times of requests, each so long after the one before."""
    times = [start]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


def run(quota: Quota, times: list[float], tat: float = TAT_UNSEEN) -> list[Taken]:
    """Verdicts of requests at these times."""
    verdicts = []
    for now in times:
        tat, taken = take(tat, now, quota)
        verdicts.append(taken)
    return verdicts


def admitted(quota: Quota, times: list[float]) -> list[float]:
    """Times of the requests that were admitted."""
    return [now for now, taken in zip(times, run(quota, times), strict=True) if taken.allowed]


def is_kept(quota: Quota, times: list[float]) -> bool:
    """Whether no window of admitted requests holds more than burst + rate * t, without tolerance."""
    rate = Fraction(quota.rate)
    exact = [Fraction(now) for now in times]
    return all(
        last - first + 1 <= quota.burst + rate * (exact[last] - exact[first])
        for first in range(len(times))
        for last in range(first, len(times))
    )


@given(QUOTAS, GAPS)
def test_no_window_holds_more_than_burst_plus_rate_times_its_length(quota: Quota, gaps: list[float]) -> None:
    assert is_kept(quota, admitted(quota, arrivals(gaps)))


@given(EXACT_RATES, BURSTS, EXACT_GAPS)
def test_a_request_is_refused_only_where_admitting_it_would_break_that_law(
    rate: float, burst: int, gaps: list[float]
) -> None:
    quota = Quota(rate, burst)
    times = arrivals(gaps)
    kept: list[float] = []
    for now, taken in zip(times, run(quota, times), strict=True):
        would_break = any(
            len(kept) - first + 1 > burst + rate * (now - kept[first]) for first in range(len(kept))
        )
        assert taken.allowed != would_break
        if taken.allowed:
            kept.append(now)


@given(EXACT_RATES, BURSTS, EXACT_RATES, BURSTS, EXACT_GAPS)
def test_a_larger_quota_has_admitted_at_least_as_many_at_every_time(
    rate: float, burst: int, more_rate: float, more_burst: int, gaps: list[float]
) -> None:
    # Not request by request: who was admitted early under the larger quota may have to wait later.
    times = arrivals(gaps)
    small = run(Quota(min(rate, more_rate), min(burst, more_burst)), times)
    large = run(Quota(max(rate, more_rate), max(burst, more_burst)), times)
    for end in range(len(times) + 1):
        assert sum(each.allowed for each in large[:end]) >= sum(each.allowed for each in small[:end])


@given(EXACT_RATES, BURSTS, st.integers(0, 50), st.integers(0, 640))
def test_from_one_state_a_larger_burst_admits_whatever_a_smaller_one_does(
    rate: float, burst: int, more: int, debt: int
) -> None:
    tat = NOW + debt / 16
    _, small = take(tat, NOW, Quota(rate, burst))
    _, large = take(tat, NOW, Quota(rate, burst + more))
    assert large.allowed or not small.allowed


@given(QUOTAS, st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_whatever_the_clock_does_nobody_waits_longer_than_for_an_empty_bucket(
    quota: Quota, steps: list[float]
) -> None:
    times = arrivals(steps)
    for taken in run(quota, times):
        capacity = quota.burst / quota.rate
        assert 0.0 <= taken.retry_after <= 1.0 / quota.rate + CLOCK_STEP
        assert 0.0 <= taken.reset_after <= capacity + quota.burst * CLOCK_STEP
        assert 0 <= taken.remaining < quota.burst
        assert taken.allowed == (taken.retry_after == 0.0)


@given(QUOTAS, st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_after_a_clock_step_each_stretch_of_time_keeps_the_law(quota: Quota, steps: list[float]) -> None:
    times = arrivals(steps)
    verdicts = run(quota, times)
    stretch = [times[0]] if verdicts[0].allowed else []
    for (before, now), taken in zip(pairwise(times), verdicts[1:], strict=True):
        if now < before:
            assert is_kept(quota, stretch)
            stretch = []
        if taken.allowed:
            stretch.append(now)
    assert is_kept(quota, stretch)


@given(QUOTAS, st.floats(0.0, 1e7))
def test_a_step_back_costs_one_wait_of_an_empty_bucket_at_most(quota: Quota, step: float) -> None:
    tat = TAT_UNSEEN
    for _ in range(quota.burst):
        tat, _ = take(tat, NOW, quota)
    back = NOW - step
    tat, _ = take(tat, back, quota)
    whole = back + quota.burst * (1.0 / quota.rate + CLOCK_STEP) + CLOCK_STEP
    assert all(taken.allowed for taken in run(quota, [whole] * quota.burst, tat))


@given(QUOTAS, st.floats(0.0, 1e9))
def test_a_step_forward_hands_out_one_burst_at_most(quota: Quota, step: float) -> None:
    times = [NOW] * (quota.burst + 5) + [NOW + step] * (quota.burst * 2 + 5)
    later = run(quota, times)[quota.burst + 5 :]
    assert sum(taken.allowed for taken in later) <= quota.burst


@given(RATES, st.integers(1, 2_000))
def test_a_full_bucket_gives_its_whole_burst_at_one_instant(rate: float, burst: int) -> None:
    verdicts = run(Quota(rate, burst), [NOW] * (burst + 1))
    assert [each.allowed for each in verdicts] == [True] * burst + [False]
    assert [each.remaining for each in verdicts] == [*range(burst - 1, -1, -1), 0]


@given(RATES, st.floats(0.0, 1e6))
def test_a_clock_that_is_no_wall_clock_gives_the_whole_burst_too(rate: float, start: float) -> None:
    assert len(admitted(Quota(rate, 40), [start] * 80)) == 40


@given(QUOTAS, GAPS)
def test_a_refused_request_is_admitted_once_its_wait_is_over(quota: Quota, gaps: list[float]) -> None:
    tat = TAT_UNSEEN
    for now in arrivals(gaps):
        tat, taken = take(tat, now, quota)
        if not taken.allowed:
            assert take(tat, now + taken.retry_after, quota)[1].allowed
