"""Rates in words."""

import doctest

from kernel import wording
from kernel.wording import to_rate


def test_rates_are_told_in_the_unit_in_which_they_are_at_least_one() -> None:
    told = {1.0: "1/s", 0.9999: "1/s", 0.5: "30/min", 1 / 60: "1/min", 0.5 / 60: "30/h", 1 / 86_400: "1/d"}
    assert {rate: to_rate(rate) for rate in told} == told
    assert to_rate(1e-9) == "8.64e-05/d"
    assert to_rate(1_234.5, "requests") == "1,234 requests/s"


def test_the_examples_hold() -> None:
    assert doctest.testmod(wording).failed == 0
