"""Burn rates: how many times as fast as allowed an objective's error budget is spent.

A rule fires where both its windows burn: the long one says that it matters, the short one that it
goes on. Source: Google, The Site Reliability Workbook, chapter 5 (multiwindow, multi-burn-rate).
"""

import msgspec

from analytics.conditions import Condition
from kernel.findings import Observation, Severity
from warehouse.health import Outcomes, Served

HOUR_S = 3600
DEFAULT_OBJECTIVE = 0.999
# One failure of three requests at night is no emergency: so many have to fail in each window, as D16 wants.
LEAST_FAILED = 5
# A rule speaks of its long window once it has seen so much of it: a share of the budget of three days
# cannot be told from the first ten minutes.
LEAST_SEEN = 0.5


class BurnRule(msgspec.Struct, frozen=True):
    """Fires where the budget burns at least `rate` times as fast as allowed in both windows."""

    name: str
    rate: float
    long_s: int
    short_s: int
    severity: Severity


class Burning(msgspec.Struct, frozen=True):
    """A rule that fires, with what was measured."""

    rule: BurnRule
    long: Outcomes
    short: Outcomes


# They spend 2 %, 5 % and 10 % of the budget of 30 days before they fire.
RULES = (
    BurnRule("burn-rate-fast", 14.4, HOUR_S, 300, "critical"),
    BurnRule("burn-rate-medium", 6.0, 6 * HOUR_S, 1800, "critical"),
    BurnRule("burn-rate-slow", 1.0, 72 * HOUR_S, 6 * HOUR_S, "warning"),
)
# The windows of all rules, and what people call them.
WINDOWS = {300: "5 min", 1800: "30 min", 3600: "1 h", 21_600: "6 h", 259_200: "3 d"}


def burn_rate(outcomes: Outcomes, objective: float) -> float:
    """Share of failures over the share allowed; 0 without requests. `objective` is in (0, 1)."""
    if not outcomes.requests:
        return 0.0
    return outcomes.failed / outcomes.requests / (1.0 - objective)


def burning(served: Served, now: float, *, objective: float) -> list[Burning]:
    """The rules that fire, for outcomes of WINDOWS."""
    fired: list[Burning] = []
    for rule in RULES:
        long, short = served.within[rule.long_s], served.within[rule.short_s]
        is_seen = now - served.since >= LEAST_SEEN * rule.long_s
        is_much = min(long.failed, short.failed) >= LEAST_FAILED
        rate = min(burn_rate(long, objective), burn_rate(short, objective))
        if is_seen and is_much and rate >= rule.rate:
            fired.append(Burning(rule, long, short))
    return fired


def to_condition(each: Burning, objective: float) -> Condition:
    """What an operator is told of a rule that fires."""
    rule = each.rule
    long_rate, short_rate = burn_rate(each.long, objective), burn_rate(each.short, objective)
    allowed = each.long.requests * (1.0 - objective)
    return Condition(
        name=rule.name,
        labels={},
        severity=rule.severity,
        summary=f"{each.long.failed:,} of {each.long.requests:,} requests failed within "
        f"{WINDOWS[rule.long_s]}: {long_rate:.3g} times what an objective of {objective * 100:g} % allows, "
        f"and {short_rate:.3g} times within {WINDOWS[rule.short_s]}; find the route that fails and look at "
        "its upstream",
        observations=(
            Observation(f"burn_rate_{rule.long_s}s", round(long_rate, 2), rule.rate, "times"),
            Observation(f"burn_rate_{rule.short_s}s", round(short_rate, 2), rule.rate, "times"),
            Observation("failed", float(each.long.failed), round(allowed, 1), "requests"),
        ),
    )
