"""The history of overlays."""

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.findings import Overlay
from tests.warehouse.overlay_rows import overlays_there
from warehouse.overlays import insert_overlays, read_overlays


def test_overlays_are_read_as_written_and_the_newest_state_stands(
    warehouse_client: Client, tenant: str
) -> None:
    first = overlay_of(tenant)
    longer = msgspec.structs.replace(first, expires_at=first.expires_at + 60)
    insert_overlays(warehouse_client, [first])
    assert overlays_there(warehouse_client, tenant) == [first]
    insert_overlays(warehouse_client, [longer])
    assert overlays_there(warehouse_client, tenant) == [longer]


def test_overlays_are_read_by_the_time_of_their_creation(warehouse_client: Client, tenant: str) -> None:
    old = overlay_of(tenant)
    new = msgspec.structs.replace(old, id="o2", created_at=old.created_at + 10)
    insert_overlays(warehouse_client, [new, old])
    assert read_overlays(warehouse_client, tenant) == [old, new]
    assert read_overlays(warehouse_client, tenant, since=new.created_at) == [new]


def overlay_of(tenant: str) -> Overlay:
    return Overlay(
        id="o1",
        tenant=tenant,
        limit="per-client",
        identity="ip:10.0.0.1",
        rate=2.5,
        burst=5,
        reason="a finding",
        finding="f1",
        created_at=1_700_000_000.5,
        expires_at=1_700_000_600.5,
    )
