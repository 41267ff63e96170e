"""The seeded truth, as the route's board shows it."""

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from dashboards.asking import to_series
from dashboards.boards.route import BOARD
from dashboards.expansion import expand
from dashboards.queries import load
from tests.dashboards.conftest import Asking
from tests.dashboards.seeded import FAILED, ORDERS, findings, recent
from tests.warehouse.event_rows import insert_rows, row
from warehouse.findings import insert_findings


def test_a_steady_rate_stays_inside_its_band(answer: Asking) -> None:
    found = answer(BOARD, "rate-in-band", "orders")
    assert found.rows == ORDERS
    band = zip(found.of("expected_low"), found.of("rate"), found.of("expected_high"), strict=True)
    assert [row for row in band if row != (1.0, 1.0, 1.0)] == [
        (0.0, 1.0, 0.0)
    ]  # the first has nothing before it


def test_what_lies_under_a_finding_about_clients_is_not_learnt(warehouse_client: Client, tenant: str) -> None:
    span = recent()
    calm = [row(tenant, at, ended_at=span.since + at + 0.5, route="login") for at in range(1, 600)]
    attack = [
        row(tenant, 1_000 + at, ended_at=span.since + 200 + at / 50, route="login") for at in range(5_000)
    ]
    insert_rows(warehouse_client, [*calm, *attack], token=f"band-{tenant}")
    (example, *_) = findings(tenant, span)
    stuffing = msgspec.structs.replace(
        example, detector="D3", route="login", onset=span.since + 200, closed_at=span.since + 330
    )
    insert_findings(warehouse_client, [stuffing])
    sql = expand(load("route_band"), span, {"tenant": tenant, "route": "login"})
    found = warehouse_client.query(sql).named_results()
    after = [float(each["expected_high"]) for each in found if each["time"].timestamp() > span.since + 250]
    assert max(after) < 2.0


def test_errors_are_shares_of_their_step(answer: Asking) -> None:
    found = answer(BOARD, "errors", "orders")
    assert sum(float(value or 0) for value in found.of("server_errors")) == FAILED
    assert found.of("upstream_failures") == found.of("server_errors")


def test_sizes_and_revisions_are_the_routes_own(answer: Asking) -> None:
    assert set(answer(BOARD, "sizes", "orders").of("response_body")) == {100.0}
    assert to_series(answer(BOARD, "revisions", "orders")).names == ("revision aaaaaaaaaaaa",)
    assert answer(BOARD, "clients", "login").of("share") == pytest.approx((1.0,))
