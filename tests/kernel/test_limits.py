"""The token bucket, by example; its laws are in tests/properties."""

import doctest

import pytest

from kernel import limits
from kernel.limits import TAT_UNSEEN, Quota, Taken, take
from tests.kernel.policies import NOW

QUOTA = Quota(rate=2.0, burst=3)


def taken(tat: float, *times: float) -> list[Taken]:
    """Verdicts of requests at these times."""
    verdicts = []
    for now in times:
        tat, verdict = take(tat, now, QUOTA)
        verdicts.append(verdict)
    return verdicts


def test_a_full_bucket_gives_its_burst_and_then_waits_for_the_rate() -> None:
    verdicts = taken(TAT_UNSEEN, NOW, NOW, NOW, NOW, NOW + 0.5, NOW + 0.5)
    assert [each.allowed for each in verdicts] == [True, True, True, False, True, False]
    assert [each.remaining for each in verdicts] == [2, 1, 0, 0, 0, 0]


def test_a_refusal_tells_when_one_request_conforms_again() -> None:
    refusal = taken(TAT_UNSEEN, NOW, NOW, NOW, NOW + 0.2)[-1]
    assert refusal.retry_after == pytest.approx(0.3)
    assert refusal.reset_after == pytest.approx(1.3)
    assert taken(TAT_UNSEEN, NOW, NOW, NOW, NOW + 0.2 + refusal.retry_after + 1e-6)[-1].allowed


def test_a_bucket_left_alone_is_whole_after_reset() -> None:
    used = taken(TAT_UNSEEN, NOW, NOW)[-1]
    assert used.reset_after == pytest.approx(1.0)
    assert taken(TAT_UNSEEN, NOW, NOW, NOW + used.reset_after)[-1].remaining == 2


def test_a_refused_request_leaves_the_state_as_it_was() -> None:
    tat = TAT_UNSEEN
    for _ in range(3):
        tat, _ = take(tat, NOW, QUOTA)
    after, verdict = take(tat, NOW, QUOTA)
    assert not verdict.allowed
    assert after == pytest.approx(tat, abs=1e-6)


def test_a_clock_that_steps_back_an_hour_locks_nobody_out_for_an_hour() -> None:
    tat, _ = take(TAT_UNSEEN, NOW, QUOTA)
    verdicts = taken(tat, NOW - 3600.0, NOW - 3600.0 + 0.51)
    assert [each.allowed for each in verdicts] == [False, True]
    assert verdicts[0].retry_after == pytest.approx(0.5)


def test_the_docstrings_example_holds() -> None:
    assert doctest.testmod(limits).failed == 0
