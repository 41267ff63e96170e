import time

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.archive import WarehouseArchive
from tests.analytics.seeing import run
from tests.analytics.test_control import OVERLAY
from tests.analytics.traffic import START, greedy, quiet
from tests.warehouse.overlay_rows import overlays_there
from warehouse.demand import DemandRow


def test_findings_come_back_open_ones_of_any_age(warehouse_client: Client, tenant: str) -> None:
    archive = WarehouseArchive(warehouse_client, tenant)
    (closed,) = run(sorted([*quiet(seconds=50), *greedy(36.0, 46.0)]), tenant=tenant)
    still = msgspec.structs.replace(closed, id="open", closed_at=0.0)
    archive.keep_findings([closed, still])
    assert {each.id for each in archive.known(START)} == {closed.id, "open"}
    assert [each.id for each in archive.known(START + 1_000)] == ["open"]
    long = msgspec.structs.replace(closed, id="long", closed_at=START + 1_200.0)
    archive.keep_findings([long])
    assert {each.id for each in archive.known(START + 1_000)} == {"long", "open"}


def test_overlays_are_kept_for_joins(warehouse_client: Client, tenant: str) -> None:
    overlay = msgspec.structs.replace(OVERLAY, tenant=tenant)
    WarehouseArchive(warehouse_client, tenant).keep_overlays([overlay])
    assert overlays_there(warehouse_client, tenant) == [overlay]


def test_progress_is_that_of_the_tenant(warehouse_client: Client, tenant: str) -> None:
    archive = WarehouseArchive(warehouse_client, tenant)
    assert archive.progress() is None
    archive.keep_progress(START)
    assert (archive.progress(), WarehouseArchive(warehouse_client, tenant + "b").progress()) == (START, None)


def test_demand_is_kept_for_the_weeks_to_come(warehouse_client: Client, tenant: str) -> None:
    hour = int(time.time()) // 3_600 * 3_600
    row = DemandRow("*", hour, 5, (1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (4, 5, 6))
    archive = WarehouseArchive(warehouse_client, tenant)
    archive.keep_demand([row])
    assert archive.demand([hour]) == [row]
