"""A rule fires where its long and its short window both burn the budget."""

import pytest

from analytics.objectives import DEFAULT_OBJECTIVE, RULES, WINDOWS, burn_rate, burning, to_condition
from warehouse.health import Outcomes, Served

NOW = 1_790_000_000.0
DAYS_AGO = NOW - 259_200


def served(failed_of: dict[int, int], *, requests: int = 10_000, since: float = DAYS_AGO) -> Served:
    return Served(since, {seconds: Outcomes(requests, failed_of.get(seconds, 0)) for seconds in WINDOWS})


def names(answered: Served) -> list[str]:
    return [each.rule.name for each in burning(answered, NOW, objective=DEFAULT_OBJECTIVE)]


def test_failures_as_allowed_burn_once() -> None:
    assert burn_rate(Outcomes(10_000, 10), 0.999) == pytest.approx(1.0)
    assert burn_rate(Outcomes(0, 0), 0.999) == 0.0


def test_rules_have_the_windows_of_the_workbook() -> None:
    windows = [(rule.rate, rule.long_s, rule.short_s) for rule in RULES]
    assert windows == [(14.4, 3600, 300), (6.0, 21_600, 1800), (1.0, 259_200, 21_600)]
    assert {seconds for _, *both in windows for seconds in both} == set(WINDOWS)


def test_both_windows_must_burn() -> None:
    assert names(served({3600: 145, 300: 145})) == ["burn-rate-fast"]
    assert names(served({3600: 145})) == []
    assert names(served({300: 145})) == []
    assert names(served({3600: 143, 300: 143})) == []


def test_an_outage_of_days_fires_every_rule() -> None:
    failed = dict.fromkeys(WINDOWS, 5000)
    assert names(served(failed)) == ["burn-rate-fast", "burn-rate-medium", "burn-rate-slow"]


def test_one_failure_of_three_requests_at_night_is_no_page() -> None:
    assert names(served(dict.fromkeys(WINDOWS, 1), requests=3)) == []
    assert names(served(dict.fromkeys(WINDOWS, 4), requests=4)) == []
    assert names(served(dict.fromkeys(WINDOWS, 5), requests=5))


def test_a_rule_is_silent_until_half_of_its_long_window_was_seen() -> None:
    failed = dict.fromkeys(WINDOWS, 5000)
    assert names(served(failed, since=NOW - 600)) == []
    assert names(served(failed, since=NOW - 1800)) == ["burn-rate-fast"]
    assert names(served(failed, since=NOW - 4 * 3600)) == ["burn-rate-fast", "burn-rate-medium"]


def test_without_requests_nothing_burns() -> None:
    assert names(Served(0.0, dict.fromkeys(WINDOWS, Outcomes(0, 0)))) == []


def test_another_objective_allows_more() -> None:
    outage = served({3600: 200, 300: 200})
    assert names(outage) == ["burn-rate-fast"]
    assert burning(outage, NOW, objective=0.99) == []


def test_a_condition_says_how_fast_it_burns_and_what_to_do() -> None:
    (fast,) = burning(served({3600: 200, 300: 500}), NOW, objective=0.999)
    told = to_condition(fast, 0.999)
    assert told.summary == (
        "200 of 10,000 requests failed within 1 h: 20 times what an objective of 99.9 % allows, and 50 times "
        "within 5 min; find the route that fails and look at its upstream"
    )
    assert (told.name, told.severity, told.labels) == ("burn-rate-fast", "critical", {})
    burnt = [(each.name, each.observed, each.expected) for each in told.observations]
    assert burnt == [("burn_rate_3600s", 20.0, 14.4), ("burn_rate_300s", 50.0, 14.4), ("failed", 200.0, 10.0)]
