"""lab.warehouse_reader: the account is read from the ledger and from the table itself."""

import time

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.events import LedgerRow
from kernel.findings import Overlay
from lab.warehouse_reader import WarehouseReader
from tests.lab.test_scoring import FINDING
from warehouse.batches import LEDGER_NAMES
from warehouse.findings import insert_findings
from warehouse.overlays import insert_overlays


def test_findings_and_the_ledger_since_the_demo_began_are_read(warehouse_client: Client, tenant: str) -> None:
    now = time.time()
    reader = WarehouseReader(warehouse_client, tenant, since=now - 50, clock=lambda: now)
    old, new = (
        msgspec.structs.replace(FINDING, tenant=tenant, id=name, onset=now - age)
        for name, age in (("a", 90), ("b", 9))
    )
    insert_findings(warehouse_client, [old, new])
    at = round(now * 1e6)
    row = LedgerRow(tenant, "w", at - 40_000_000, at, at, 10, 7, 2, 1, 0, 0, ())
    warehouse_client.insert("ledger", [list(row)], column_names=list(LEDGER_NAMES))
    assert [each.id for each in reader.findings()] == ["b"]
    overlays = [
        Overlay(name, tenant, "per-client", "", 3.0, 6, "", "", now - age, now)
        for name, age in (("o", 90.0), ("p", 9.0))
    ]
    insert_overlays(warehouse_client, overlays)
    assert [each.id for each in reader.overlays()] == ["p"]
    assert reader.refusals() == {}
    ledger = reader.ledger()
    assert (ledger.offered, ledger.spooled, ledger.lost, ledger.rows) == (10, 2, 1, 0)
