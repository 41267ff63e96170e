"""What the console's pages ask of the warehouse beside telemetry itself. Times are seconds since 1970."""

from collections.abc import Sequence
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from warehouse.moments import to_seconds
from warehouse.queries import load

MOST_NAMED: Final = 4  # of whom a finding accuses


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
