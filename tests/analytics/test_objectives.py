"""A rule fires where its long and its short window both burn the budget."""

import pytest

from analytics.objectives import DEFAULT_OBJECTIVE, RULES, Outcomes, burn_rate, burning


def names(failed_of: dict[int, int]) -> list[str]:
    """The rules that fire, for failures of 10,000 requests in each window."""
    fired = burning(lambda seconds: Outcomes(10_000, failed_of.get(seconds, 0)), DEFAULT_OBJECTIVE)
    return [each.rule.name for each in fired]


def test_failures_as_allowed_burn_once() -> None:
    assert burn_rate(Outcomes(10_000, 10), 0.999) == pytest.approx(1.0)
    assert burn_rate(Outcomes(0, 0), 0.999) == 0.0


def test_rules_have_the_windows_of_the_workbook() -> None:
    windows = [(rule.rate, rule.long_s, rule.short_s) for rule in RULES]
    assert windows == [(14.4, 3600, 300), (6.0, 21_600, 1800), (1.0, 259_200, 21_600)]


def test_both_windows_must_burn() -> None:
    assert names({3600: 145, 300: 145}) == ["burn-rate-fast"]
    assert names({3600: 145}) == []
    assert names({300: 145}) == []
    assert names({3600: 143, 300: 143}) == []


def test_an_outage_of_a_day_fires_every_rule() -> None:
    failed = {seconds: 5000 for rule in RULES for seconds in (rule.long_s, rule.short_s)}
    assert names(failed) == ["burn-rate-fast", "burn-rate-medium", "burn-rate-slow"]
