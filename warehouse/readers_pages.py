"""What the console's pages ask of the warehouse beside telemetry itself. Times are seconds since 1970."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from clickhouse_connect.driver.client import Client

from warehouse.moments import to_seconds
from warehouse.queries import load

MOST_DELIVERIES: Final = 2_000
MOST_NAMED: Final = 4  # of whom a finding accuses


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What one sink was told of an alert: that it fires, or that it is over. 0 where there is no time yet."""

    alert: str
    name: str
    sink: str
    state: Literal["firing", "resolved"]
    severity: str
    summary: str
    labels: dict[str, str]
    starts_at: float
    ends_at: float
    tried: int
    is_delivered: bool
    failure: str
    at: float
    settled_at: float
    content: str  # JSON: the alert as it was told


class Accused(msgspec.Struct, frozen=True):
    """Whom a finding over several identities accuses; `busiest` are MOST_NAMED of them."""

    finding: str
    identities: int
    busiest: tuple[str, ...]


class RuleDeeds(msgspec.Struct, frozen=True):
    """What a rule did: requests and identities that it refused; in shadow, spared: would have refused."""

    rule: str
    refused: int
    refused_identities: int
    spared: int
    spared_identities: int
    last_at: float


def read_deliveries(client: Client, tenant: str, since: float) -> list[Delivery]:
    """Deliveries that a sink took up since a moment, the newest first."""
    parameters = {"tenant": tenant, "since": round(since * 1e3), "most": MOST_DELIVERIES}
    result = client.query(load("told"), parameters=parameters)
    return [to_delivery(dict(zip(result.column_names, row, strict=True))) for row in result.result_rows]


def read_accused(client: Client, tenant: str, findings: Sequence[str]) -> list[Accused]:
    """Whom each of the findings accuses; those of which that is not known are left out."""
    parameters = {"tenant": tenant, "findings": list(findings), "most": MOST_NAMED}
    rows = client.query(load("accused"), parameters=parameters).result_rows
    return [Accused(row[0], int(row[1]), tuple(row[2])) for row in rows]


def read_rule_deeds(client: Client, tenant: str, rules: Sequence[str], since: float) -> list[RuleDeeds]:
    """What each of the rules did since a moment; those that did nothing are left out."""
    parameters = {"tenant": tenant, "rules": list(rules), "since": round(since * 1e6)}
    rows = client.query(load("rule_deeds"), parameters=parameters).result_rows
    return [
        RuleDeeds(rule, refused, whom, spared, whom_spared, to_seconds(last))
        for rule, refused, whom, spared, whom_spared, last in rows
    ]


def read_unrouted(client: Client, tenant: str, since: float, until: float) -> dict[int, int]:
    """Second -> requests that no route took in it; seconds without any are left out."""
    parameters = {"tenant": tenant, "since": int(since), "until": int(until)}
    rows = client.query(load("unrouted"), parameters=parameters).result_rows
    return {int(second): int(requests) for second, requests in rows}


def to_delivery(row: dict[str, object]) -> Delivery:
    """A row of the table."""
    times = {
        name: to_seconds(row[name])  # type: ignore[arg-type]  # datetimes by schema
        for name in ("starts_at", "ends_at", "at", "settled_at")
    }
    is_delivered = bool(row.pop("delivered"))
    return msgspec.convert({**row, **times, "is_delivered": is_delivered}, Delivery)
