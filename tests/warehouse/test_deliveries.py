import time

import msgspec
from clickhouse_connect.driver.client import Client

from warehouse.deliveries import DeliveryRow, insert_deliveries, read_deliveries, read_unfinished

ROW = DeliveryRow(
    alert="i-100",
    name="flood",
    sink="hook",
    state="firing",
    severity="critical",
    summary="ten times as many",
    labels={"route": "shop"},
    starts_at=1_800_000_000.0,
    ends_at=0.0,
    tried=0,
    delivered=False,
    failure="",
    at=1_800_000_001.5,
    settled_at=0.0,
    content="{}",
)
TOLD = msgspec.structs.replace(ROW, tried=1, delivered=True, settled_at=1_800_000_002.0)
OVER = msgspec.structs.replace(ROW, state="resolved", ends_at=1_800_000_100.0, at=1_800_000_101.0)


def test_a_delivery_is_read_as_it_was_written(warehouse_client: Client, tenant: str) -> None:
    insert_deliveries(warehouse_client, tenant, [ROW])
    assert read_unfinished(warehouse_client, tenant, since=1_800_000_000.0) == [ROW]
    assert read_unfinished(warehouse_client, tenant, since=1_800_000_002.0) == []
    assert read_unfinished(warehouse_client, tenant + "x", since=0.0) == []


def test_the_newest_state_of_a_delivery_stands(warehouse_client: Client, tenant: str) -> None:
    insert_deliveries(warehouse_client, tenant, [ROW])
    insert_deliveries(warehouse_client, tenant, [TOLD])
    assert read_unfinished(warehouse_client, tenant, since=0.0) == [TOLD]  # it still fires


def test_what_is_resolved_is_finished_once_every_sink_has_settled_it(
    warehouse_client: Client, tenant: str
) -> None:
    insert_deliveries(warehouse_client, tenant, [TOLD, OVER])
    assert read_unfinished(warehouse_client, tenant, since=0.0) == [OVER]
    settled = msgspec.structs.replace(OVER, delivered=True, settled_at=1_800_000_102.0)
    insert_deliveries(warehouse_client, tenant, [settled])
    assert read_unfinished(warehouse_client, tenant, since=0.0) == []


def refused(at: float, **changes: object) -> DeliveryRow:
    """A row of an alert that a sink did not take."""
    row = msgspec.structs.replace(ROW, starts_at=at - 5, at=at, tried=2, failure="HTTP 503")
    return msgspec.structs.replace(row, **changes)


def test_a_delivery_is_shown_as_it_stands_now(warehouse_client: Client, tenant: str) -> None:
    now = float(int(time.time()))
    insert_deliveries(warehouse_client, tenant, [refused(now - 60)])
    insert_deliveries(warehouse_client, tenant, [refused(now - 60, delivered=True, failure="")])
    (found,) = read_deliveries(warehouse_client, tenant, now - 3_600)
    assert (found.alert, found.sink, found.state, found.delivered) == ("i-100", "hook", "firing", True)
    assert (found.at, found.starts_at, found.ends_at, found.settled_at) == (now - 60, now - 65, 0.0, 0.0)
    assert found.labels == {"route": "shop"}
    assert read_deliveries(warehouse_client, "nobody", 0.0) == []


def test_what_still_fires_is_shown_however_long_it_does(warehouse_client: Client, tenant: str) -> None:
    now = float(int(time.time()))
    over = refused(now - 86_400, alert="i-200")
    resolved = msgspec.structs.replace(over, state="resolved")
    insert_deliveries(warehouse_client, tenant, [refused(now - 86_400), over, resolved])
    assert [each.alert for each in read_deliveries(warehouse_client, tenant, now - 3_600)] == ["i-100"]


def test_a_delivery_is_forgotten_ninety_days_after_it_was_last_written(warehouse_client: Client) -> None:
    shown = warehouse_client.command(
        "SELECT create_table_query FROM system.tables"
        " WHERE name = 'deliveries' AND database = currentDatabase()"
    )
    assert "TTL toDateTime(intDiv(version, 1000000)) + toIntervalDay(90)" in str(shown)
