from typing import Any

import msgspec

from analytics.ingest import Signs, to_address_rows, to_hours, to_windows
from tests.analytics.traffic import START, quiet, windows_of
from warehouse.readers import History
from warehouse.readers_analytics import AddressColumns, CellColumns, RouteColumns

NO_CELLS = CellColumns(*[()] * 6)
NO_ROUTES = RouteColumns(*[()] * 12)


def hour_of(route: str, upstream_times: dict[int, int], failures: int = 0) -> History:
    """One row of the hourly roll-up."""
    columns: list[Any] = [[3_600], [route], *([[0]] * 8), [{}], [upstream_times]]
    return msgspec.structs.replace(History(*columns), upstream_errors=[failures])


def test_hours_tell_the_geometric_mean_of_an_upstream() -> None:
    (hour,) = to_hours(hour_of("orders", {80: 2, 96: 2}))["orders"]
    assert hour.began == 3_600
    assert 2**11 < hour.mean_us < 2**11.2
    assert to_hours(hour_of("quiet", {})) == {}


def test_an_hour_of_failures_says_nothing_of_how_fast_an_upstream_is() -> None:
    closed_port_us = {60: 10}
    assert to_hours(hour_of("orders", closed_port_us, failures=10)) == {}
    assert to_hours(hour_of("orders", closed_port_us | {96: 20}, failures=10)) != {}


def test_no_rows_make_no_windows() -> None:
    assert list(to_windows(NO_CELLS, NO_ROUTES)) == []


def test_windows_come_in_order_and_hold_every_request() -> None:
    requests = quiet(seconds=10)
    windows = windows_of(requests)
    assert [window.second for window in windows] == sorted(window.second for window in windows)
    assert sum(int(window.counts.sum()) for window in windows) == len(requests)
    assert sum(int(window.series.requests.sum()) for window in windows) == len(requests)


def test_a_second_with_refusals_alone_has_cells_and_no_routes() -> None:
    cells = CellColumns([START], ["orders"], ["a"], [7], [3], [0])
    (window,) = to_windows(cells, NO_ROUTES)
    assert window.counts.tolist() == [3]
    assert len(window.series.routes) == 0


def test_addresses_belong_to_the_last_second_of_their_ten() -> None:
    columns = AddressColumns([START // 10], ["::1"], [9], [1], [2], [10], [3], [4])
    assert list(to_address_rows(columns)) == [START // 10 * 10 + 9]
    (window,) = to_windows(NO_CELLS, NO_ROUTES, Signs(addresses=columns))
    assert window.addresses[0].all_requests == 10
