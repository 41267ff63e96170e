"""Whom findings over several identities accuse: found among the requests, kept in `suspects` for joins."""

from collections.abc import Sequence
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.findings import Finding
from warehouse.moments import to_datetime, to_seconds
from warehouse.queries import load

# Kinds whose key is not an identity, and the question that finds whom they accuse.
ACCUSING: Final = {"credential-stuffing": "suspects", "flood": "suspects_alike"}
MOST_SUSPECTS: Final = 100_000
EARLIER_S: Final = 5.0  # before the onset: the first anomalous window is rarely the attack's first request
LONGEST_S: Final = 86_400.0


class Suspect(msgspec.Struct, frozen=True):
    """An identity that a finding accuses; its requests on the finding's route in [since, until]."""

    finding: str
    identity: str
    since: float
    until: float
    requests: int


def find_suspects(client: Client, finding: Finding) -> list[Suspect]:
    """Whom a finding accuses by what is stored now, the busiest first; none where its key is the accused."""
    if finding.kind not in ACCUSING:
        return []
    parameters = {
        "tenant": finding.tenant,
        "route": finding.route,
        "since": round((finding.onset - EARLIER_S) * 1e6),
        "until": round((finding.closed_at or finding.onset + LONGEST_S) * 1e6),
        "most": MOST_SUSPECTS,
    }
    rows = client.query(load(ACCUSING[finding.kind]), parameters=parameters).result_rows
    return [Suspect(finding.id, row[0], to_seconds(row[1]), to_seconds(row[2]), int(row[3])) for row in rows]


def insert_suspects(client: Client, tenant: str, suspects: Sequence[Suspect]) -> None:
    """Stores them; a pair of finding and identity that is there is replaced."""
    rows = [
        [tenant, each.finding, each.identity, to_datetime(each.since), to_datetime(each.until), each.requests]
        for each in suspects
    ]
    if rows:
        names = ["tenant", "finding", "identity", "since", "until", "requests"]
        client.insert("suspects", rows, column_names=names)


def read_suspects(client: Client, tenant: str, finding: str, *, limit: int = MOST_SUSPECTS) -> list[Suspect]:
    """Whom a finding accuses, the busiest first."""
    parameters = {"tenant": tenant, "finding": finding, "most": limit}
    rows = client.query(load("suspects_of"), parameters=parameters).result_rows
    return [Suspect(row[0], row[1], to_seconds(row[2]), to_seconds(row[3]), int(row[4])) for row in rows]
