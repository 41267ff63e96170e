import msgspec
from clickhouse_connect.driver.client import Client

from warehouse.deliveries import DeliveryRow, insert_deliveries, read_unfinished

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


def test_a_delivery_is_forgotten_ninety_days_after_it_was_last_written(warehouse_client: Client) -> None:
    shown = warehouse_client.command(
        "SELECT create_table_query FROM system.tables"
        " WHERE name = 'deliveries' AND database = currentDatabase()"
    )
    assert "TTL toDateTime(intDiv(version, 1000000)) + toIntervalDay(90)" in str(shown)
