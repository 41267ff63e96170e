"""What the notebooks read."""

import pytest
from clickhouse_connect.driver.client import Client

from dashboards.asking import Columns
from dashboards.boards.choices import ROUTE, TENANT
from dashboards.expansion import TimeRange
from notebooks.reading import (
    LATE_S,
    Choice,
    Closed,
    asked,
    explore,
    names_of,
    open_warehouse,
    to_span,
    whole_steps,
)
from notebooks.settings import Settings
from tests.notebooks.conftest import EXPLORED

NOW = 1_800_000_000.0


def test_the_form_makes_a_url() -> None:
    told = asked(Settings(tenant="shop"), where="http://w:8123", user="reader", password="p@ss/")
    assert told == Settings("http://reader:p%40ss%2F@w:8123", "shop")
    told = asked(Settings(), where=" http://old:pw@w:8123/shop ", user="ana", password="")
    assert told.warehouse == "http://ana:@w:8123/shop"


@pytest.mark.parametrize("url", ["", "w:8123", "http://u:s3cret@127.0.0.1:9"])
def test_what_cannot_be_opened_is_told_without_the_password(url: str) -> None:
    with pytest.raises(Closed, match="the warehouse") as told:
        open_warehouse(Settings(url))
    assert "s3cret" not in str(told.value)


def test_an_open_warehouse_is_answered(warehouse_url: str) -> None:
    client = open_warehouse(Settings(warehouse_url))
    assert client.database == "tidegate"
    client.close()


def test_a_time_is_utc_and_now_where_it_is_none() -> None:
    assert to_span(60, "", NOW) == TimeRange(NOW - LATE_S - 60, NOW - LATE_S)
    assert to_span(60, "yesterday", NOW).until == NOW - LATE_S
    assert to_span(60, "2027-01-15T08:00", 0.0).until == NOW
    assert to_span(60, "2027-01-15T09:00+01:00", 0.0).until == NOW


def test_a_step_of_which_the_range_holds_a_part_is_left_out() -> None:
    columns = Columns(
        ("time", "route", "rate"), ((0.0, 10.0, 10.0, 20.0), ("a", "a", "b", "a"), (1, 2, 3, 4))
    )
    span = TimeRange(1.0, 29.0, points=3)
    assert span.interval_s == 10
    assert whole_steps(columns, span) == Columns(columns.names, ((10.0, 10.0), ("a", "b"), (2, 3)))
    assert whole_steps(columns, TimeRange(0.0, 30.0, points=3)) == columns
    assert whole_steps(columns, TimeRange(11.0, 19.0, points=1)) == columns
    assert whole_steps(Columns((), ()), span).rows == 0


def test_what_there_is_to_choose(shared_client: Client, seeded_span: TimeRange, tenant: str) -> None:
    assert EXPLORED in names_of(shared_client, TENANT, seeded_span)
    assert names_of(shared_client, ROUTE, seeded_span, EXPLORED) == ["login", "orders"]
    assert names_of(shared_client, ROUTE, seeded_span, tenant) == []


def test_an_identity_that_nobody_saw_has_nothing(shared_client: Client, seeded_span: TimeRange) -> None:
    found = explore(shared_client, Choice(EXPLORED, seeded_span, "", "ip:10.9.9.9"))
    assert (found.rates.rows, found.latencies.rows, found.fates.rows, found.findings) == (0, 0, 0, ())
    assert found.clients.rows == 2
