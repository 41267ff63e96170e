"""Rates and durations in words."""

import doctest

from kernel import wording
from kernel.wording import to_duration, to_rate


def test_rates_are_told_in_the_unit_in_which_they_are_at_least_one() -> None:
    told = {1.0: "1/s", 0.9999: "1/s", 0.5: "30/min", 1 / 60: "1/min", 0.5 / 60: "30/h", 1 / 86_400: "1/d"}
    assert {rate: to_rate(rate) for rate in told} == told
    assert to_rate(1e-9) == "8.64e-05/d"
    assert to_rate(1_234.5, "requests") == "1,234 requests/s"


def test_durations_are_told_in_the_unit_that_people_would_take() -> None:
    told = {
        0.0004: "0 ms",
        0.001: "0.001 ms",
        0.0149: "0.015 ms",
        0.9996: "1 ms",
        7.58: "7.58 ms",
        999.4: "999 ms",
        999.6: "1 s",
        1_030.0: "1.03 s",
        59_960.0: "60 s",
        119_000.0: "119 s",
        150_000.0: "2.5 min",
        7_500_000.0: "2.08 h",
        172_800_000.0: "2 d",
        86_400_000.0 * 1_500: "1,500 d",
        -1_030.0: "-1.03 s",
    }
    assert {duration: to_duration(duration) for duration in told} == told


def test_the_examples_hold() -> None:
    assert doctest.testmod(wording).failed == 0
