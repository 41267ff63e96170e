"""Conditions: what is wrong with the service or with Tidegate itself, as long as it holds."""

import msgspec

from kernel.findings import Observation, Severity

WAREHOUSE_AWAY = "warehouse-away"  # of this one the log tells, too


class Condition(msgspec.Struct, frozen=True):
    """One thing that holds now. Level-triggered: who no longer reports it says that it is over.

    `name` and `labels` are its identity: labels name a proxy or a route, never a time or a value.
    """

    name: str  # in kebab case, and the name of its page in docs/runbooks
    labels: dict[str, str]
    severity: Severity
    summary: str  # one line: what is wrong, and what to do
    observations: tuple[Observation, ...] = ()
