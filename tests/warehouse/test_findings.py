"""Findings: what goes in comes out, and a second state replaces the first."""

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.findings import Finding, Observation
from tests.findings import burst
from warehouse.findings import insert_findings, read_finding, read_findings


def finding(tenant: str, key: str = "ip:10.0.0.1", onset: float = 1_700_000_000.25) -> Finding:
    return burst(
        key,
        onset,
        id=f"id-{key}",
        tenant=tenant,
        route="orders",
        found_at=onset + 2.123456,
        summary="it's 40 times the peers' tail",
        evidence=(Observation("requests", 400, 10, "1/s"), Observation("peers' p99.9", 9.5, 9.5, "1/s")),
    )


def test_a_finding_is_read_as_it_was_written(warehouse_client: Client, tenant: str) -> None:
    insert_findings(warehouse_client, [finding(tenant)])
    assert read_findings(warehouse_client, tenant) == [finding(tenant)]


def test_the_newest_state_of_a_finding_stands(warehouse_client: Client, tenant: str) -> None:
    first = finding(tenant)
    closed = msgspec.structs.replace(first, closed_at=first.found_at + 60)
    insert_findings(warehouse_client, [first])
    insert_findings(warehouse_client, [first])
    insert_findings(warehouse_client, [closed])
    assert read_findings(warehouse_client, tenant) == [closed]
    assert read_findings(warehouse_client, tenant, open_only=True) == []


def test_findings_are_read_newest_first_and_of_one_tenant(warehouse_client: Client, tenant: str) -> None:
    older, newer = finding(tenant, "a", 100.0), finding(tenant, "b", 200.0)
    insert_findings(warehouse_client, [older, newer, finding(tenant + "-other")])
    assert read_findings(warehouse_client, tenant) == [newer, older]
    assert read_findings(warehouse_client, tenant, since=150) == [newer]
    assert read_findings(warehouse_client, tenant, limit=1) == [newer]


def test_writing_no_findings_asks_nothing(warehouse_client: Client, tenant: str) -> None:
    insert_findings(warehouse_client, [])
    assert read_findings(warehouse_client, tenant) == []


def test_one_is_found_by_its_id_however_many_are_newer(warehouse_client: Client, tenant: str) -> None:
    older, newer = finding(tenant, "a", 100.0), finding(tenant, "b", 200.0)
    closed = msgspec.structs.replace(older, closed_at=older.found_at + 60)
    insert_findings(warehouse_client, [older, newer, finding(tenant + "-other", "c")])
    insert_findings(warehouse_client, [closed])
    assert read_finding(warehouse_client, tenant, older.id) == closed
    assert read_finding(warehouse_client, tenant, "id-c") is None
