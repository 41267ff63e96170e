import math
import time
from typing import Any

from clickhouse_connect.driver.client import Client

from kernel.events import LedgerRow
from tests.analytics.traffic import START, Request, cells_of, ledger_row, quiet, routes_of, rows_of
from tests.warehouse.event_rows import insert_rows
from warehouse.readers_analytics import WindowReader

LEDGER_TYPES = ["String", "String", "UInt64", *["DateTime64(6)"] * 2, *["UInt64"] * 6, "Array(String)"]


def reader(client: Client, tenant: str, requests: list[Request]) -> WindowReader:
    """A reader of imported requests, whose table keeps what is old."""
    insert_rows(client, rows_of(tenant, requests, START), token=tenant, table="imports")
    return WindowReader(client, tenant, table="imports")


def test_cells_are_those_that_counting_gives(warehouse_client: Client, tenant: str) -> None:
    requests = quiet(seconds=5)
    found = reader(warehouse_client, tenant, requests).cells(START, START + 5)
    expected = [
        (second, route, identity, count)
        for second in range(START, START + 5)
        for _, route, identity, _, count, _ in cells_of(
            second, [each for each in requests if START + int(each.at) == second]
        )
    ]
    columns = zip(found.second, found.route, found.identity, found.requests, strict=True)
    assert sorted(columns) == sorted(expected)
    assert list(found.second) == sorted(found.second)


def test_routes_count_failures_and_sum_logarithms(warehouse_client: Client, tenant: str) -> None:
    requests = quiet(seconds=1)
    found = reader(warehouse_client, tenant, requests).routes(START, START + 1)
    expected: list[tuple[Any, ...]] = list(routes_of(START, requests))
    assert list(found.route) == [each[1] for each in expected]
    assert list(found.requests) == [each[3] for each in expected]
    for at, row in enumerate(expected):
        assert math.isclose(found.upstream_sum[at], row[6], abs_tol=len(requests))
        assert math.isclose(found.gateway_sum[at], row[9], abs_tol=len(requests))


def test_refused_requests_are_demand_and_say_nothing_of_the_upstream(
    warehouse_client: Client, tenant: str
) -> None:
    refused = Request(0.5, "ip:10.0.0.1", "orders", 429, 0, 100, decision="refused")
    windows = reader(warehouse_client, tenant, [refused])
    assert list(windows.cells(START, START + 1).requests) == [1]
    assert list(windows.routes(START, START + 1).requests) == []


def test_no_rows_are_no_columns_of_nothing(warehouse_client: Client, tenant: str) -> None:
    windows = WindowReader(warehouse_client, tenant)
    assert list(windows.cells(START, START + 1).second) == []
    assert list(windows.addresses(START, START + 10).stretch) == []
    assert windows.rows_there(START, START + 1) == {}
    assert windows.extent(START, START + 1).rows == 0
    assert windows.watermark(START).through is None


def test_the_busiest_address_stands_beside_all_of_them(warehouse_client: Client, tenant: str) -> None:
    many = [Request(second / 20, "ip:10.0.0.1", "orders", 200, 1_000, 10) for second in range(150)]
    few = [Request(second / 20, f"ip:10.0.1.{second}", "orders", 200, 1_000, 10) for second in range(50)]
    found = reader(warehouse_client, tenant, sorted([*many, *few])).addresses(START, START + 10)
    assert list(found.address) == ["::ffff:10.0.0.1"]
    assert (found.requests[0], found.all_requests[0]) == (150, 200)


def test_the_extent_is_the_first_and_last_second(warehouse_client: Client, tenant: str) -> None:
    requests = [Request(at, "a", "orders", 200, 1_000, 10) for at in (1.2, 77.9)]
    found = reader(warehouse_client, tenant, [each._replace(identity="ip:10.0.0.1") for each in requests])
    assert found.extent(0, START + 1_000) == found.extent(START, START + 78)
    assert (found.extent(0, START + 1_000).first, found.extent(0, START + 1_000).last) == (
        START + 1,
        START + 77,
    )


def test_a_faster_clock_waits_for_its_workers_as_long_in_real_time(
    warehouse_client: Client, tenant: str
) -> None:
    now = float(int(time.time()))
    rows = [ledger_row(tenant, now), ledger_row(tenant, now - 20.0)._replace(worker="w2", boot=2)]
    warehouse_client.insert("ledger", rows, column_names=LedgerRow._fields, column_type_names=LEDGER_TYPES)
    windows = WindowReader(warehouse_client, tenant)
    assert windows.watermark(now).through == now
    assert windows.watermark(now, pace=10.0).through == now - 20.0
