"""Burn rates: how many times as fast as allowed an objective's error budget is spent.

A rule fires where both its windows burn: the long one says that it matters, the short one that it
goes on. Source: Google, The Site Reliability Workbook, chapter 5 (multiwindow, multi-burn-rate).
"""

from collections.abc import Callable

import msgspec

from kernel.findings import Severity

HOUR_S = 3600
DEFAULT_OBJECTIVE = 0.999


class BurnRule(msgspec.Struct, frozen=True):
    """Fires where the budget burns at least `rate` times as fast as allowed in both windows."""

    name: str
    rate: float
    long_s: int
    short_s: int
    severity: Severity


class Outcomes(msgspec.Struct, frozen=True):
    """Requests of a window and how many failed; our own 429 and 403 are in neither."""

    requests: int
    failed: int


class Burning(msgspec.Struct, frozen=True):
    """A rule that fires, with what was measured."""

    rule: BurnRule
    long_rate: float
    short_rate: float


RULES = (
    BurnRule("burn-rate-fast", 14.4, HOUR_S, 300, "critical"),
    BurnRule("burn-rate-medium", 6.0, 6 * HOUR_S, 1800, "critical"),
    BurnRule("burn-rate-slow", 1.0, 72 * HOUR_S, 6 * HOUR_S, "warning"),
)


def burn_rate(outcomes: Outcomes, objective: float) -> float:
    """Share of failures over the share allowed; 0 without requests. `objective` is in (0, 1)."""
    if not outcomes.requests:
        return 0.0
    return outcomes.failed / outcomes.requests / (1.0 - objective)


def burning(outcomes_of: Callable[[int], Outcomes], objective: float) -> list[Burning]:
    """The rules that fire; `outcomes_of(seconds)` tells what happened in the newest seconds."""
    fired: list[Burning] = []
    for rule in RULES:
        long_rate = burn_rate(outcomes_of(rule.long_s), objective)
        short_rate = burn_rate(outcomes_of(rule.short_s), objective)
        if min(long_rate, short_rate) >= rule.rate:
            fired.append(Burning(rule, long_rate, short_rate))
    return fired
