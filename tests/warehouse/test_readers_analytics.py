import math
import time
from typing import Any

from clickhouse_connect.driver.client import Client

from kernel.events import NAMES, TYPES, LedgerRow
from tests.analytics.traffic import (
    START,
    Request,
    cells_of,
    flooding,
    ledger_row,
    logging_in,
    login,
    logins_of,
    mixes_of,
    probes_of,
    quiet,
    routes_of,
    rows_of,
    scanning,
)
from tests.warehouse.event_rows import insert_rows, row
from warehouse.queries import load
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
    for at, wanted in enumerate(expected):
        assert math.isclose(found.upstream_sum[at], wanted[6], abs_tol=len(requests))
        assert math.isclose(found.gateway_sum[at], wanted[9], abs_tol=len(requests))


def test_refused_requests_are_demand_and_say_nothing_of_the_upstream(
    warehouse_client: Client, tenant: str
) -> None:
    refused = Request(0.5, "ip:10.0.0.1", "orders", 429, 0, 100, decision="refused")
    windows = reader(warehouse_client, tenant, [refused])
    assert list(windows.cells(START, START + 1).requests) == [1]
    assert list(windows.routes(START, START + 1).requests) == []


def test_connections_that_never_came_are_failures_without_a_latency(
    warehouse_client: Client, tenant: str
) -> None:
    ends = ("completed", "connect_failed", "connect_timeout", "first_byte_timeout")
    rows = [
        row(tenant, number, ended_at=START + 0.5, outcome=end, upstream_us=1_000, duration_us=1_000)
        for number, end in enumerate(ends, 1)
    ]
    insert_rows(warehouse_client, rows, token=tenant, table="imports")
    found = WindowReader(warehouse_client, tenant, table="imports").routes(START, START + 1)
    assert (list(found.requests), list(found.failures), list(found.timed)) == ([4], [3], [2])


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


def test_rows_from_the_future_are_flagged_and_count_when_they_arrived(
    warehouse_client: Client, tenant: str
) -> None:
    now = int(time.time())
    rows = [row(tenant, 1, ended_at=now - 30.0), row(tenant, 2, ended_at=now + 900.0)]
    insert_rows(warehouse_client, rows, token=tenant)
    flagged = warehouse_client.query(
        "SELECT seq, clamped, happened_at = ended_at FROM requests WHERE tenant = {tenant:String}"
        " ORDER BY seq",
        parameters={"tenant": tenant},
    )
    assert flagged.result_rows == [(1, 0, 1), (2, 1, 0)]
    windows = WindowReader(warehouse_client, tenant)
    cells, routes = windows.cells(now - 60, now + 60), windows.routes(now - 60, now + 60)
    assert (list(cells.requests), list(cells.ahead)) == ([1, 1], [0, 1])
    assert list(routes.second) == list(cells.second)
    assert now + 2 <= cells.second[1] <= now + 60
    assert windows.rows_there(now - 60, now + 1_000) == {now - 30: 1}


def test_a_window_of_the_past_reads_nothing_that_came_after_it(fresh_database: Client) -> None:
    """One second of half an hour of 100,000 rows, each stored when it ended: a few granules."""
    first = int(time.time()) // 60 * 60 - 7_200
    for part in range(10):
        start = first + part * 180
        rows = [
            (*row("t", seq, ended_at=start + seq * 0.018), start * 1_000_000 + 181_000_000)
            for seq in range(10_000)
        ]
        fresh_database.insert(
            "requests",
            [list(column) for column in zip(*rows, strict=True)],
            column_names=[*NAMES, "arrived_at"],
            column_type_names=[*TYPES, "DateTime64(6)"],
            column_oriented=True,
        )
    since = (first + 360) * 1_000_000
    asked = {"tenant": "t", "since": since, "until": since + 1_000_000, "table": "requests"}
    for name, bounds in (
        ("cells", {"most": 10}),
        ("route_windows", {"upstream_failures": [""], "unasked": [""], "unconnected": [""]}),
        ("logins", {}),
        ("probes", {"most": 10}),
    ):
        answer = fresh_database.query(load(name), parameters=asked | bounds)
        assert answer.result_rows or name in ("logins", "probes")
        assert int(str(answer.summary["read_rows"])) <= 4 * 8_192


def test_logins_and_probes_are_those_that_counting_gives(warehouse_client: Client, tenant: str) -> None:
    refused = login(0.1, "ip:10.7.0.1", "", success=False)._replace(
        status=429, decision="refused", success=-1
    )
    fault = login(0.2, "ip:10.7.0.2", "someone", success=False)._replace(status=502)
    requests = [*logging_in(seconds=3.0, rate=20.0), *scanning(0.0, 3.0)]
    windows = reader(warehouse_client, tenant, [*requests, refused, fault])
    for second in range(3):
        own = [each for each in requests if int(each.at) == second]
        logins = windows.logins(START + second, START + second + 1)
        probes = windows.probes(START + second, START + second + 1)
        ((_, route, tries, failures, subjects, sources),) = logins_of(START + second, own)
        assert (list(logins.route), list(logins.tries), list(logins.failures)) == (
            [route],
            [tries],
            [failures],
        )
        assert set(logins.subjects[0]) == subjects
        assert isinstance(sources, set | frozenset)
        assert len(logins.sources[0]) == len(sources)
        ((_, identity, _, misses, paths, methods),) = probes_of(START + second, own)
        assert (list(probes.identity), list(probes.misses)) == ([identity], [misses])
        assert (set(probes.paths[0]), list(probes.methods[0])) == (paths, methods)


def test_mixes_count_the_kinds_of_clients_on_each_route(warehouse_client: Client, tenant: str) -> None:
    requests = [*quiet(seconds=1.0), *flooding(0.0, 1.0)]
    found = reader(warehouse_client, tenant, requests).mixes(START, START + 1)
    expected = sorted((route, count) for _, route, _, count in mixes_of(START, requests))
    assert sorted(zip(found.route, found.requests, strict=True)) == expected
    by_mix = dict(zip(found.mix, found.requests, strict=True))
    assert max(by_mix.values()) == 90
