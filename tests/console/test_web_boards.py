"""Boards: every panel's answer as a chart, a number or a table."""

import doctest
import time
from pathlib import Path

import msgspec
import pytest

from console.web import boards
from console.web.boards import MOST_LINES, UNITS, to_shown
from console.web.rendering import NOTHING, UNBROKEN
from dashboards.asking import Columns
from dashboards.boards import BOARDS
from dashboards.boards.choices import TO_ROUTE
from dashboards.spec import Kind, Link, Panel, Unit
from tests.console.policies import Clock
from tests.console.web_seed import ATTACKER, policy_of, seed
from tests.console.web_serving import browsing
from tests.warehouse.event_rows import insert_rows, row
from warehouse.client import connect

TENANT = "board-pages"


def panel(kind: Kind, unit: Unit = "short") -> Panel:
    return Panel(name="p", title="P", description="about", sql="SELECT 1", unit=unit, kind=kind)


def test_shares_are_told_in_percent() -> None:
    stat = to_shown(panel("stat", "percentunit"), Columns(("share",), ((0.25,),)))
    assert (stat.is_stat, stat.text, stat.unit) == (True, "25", "%")
    lines = to_shown(panel("timeseries", "percentunit"), Columns(("time", "share"), ((1.0,), (0.5,)))).chart
    assert lines is not None
    assert lines.lines[0].values == (50.0,)


def test_of_many_lines_the_greatest_are_drawn() -> None:
    names = tuple(f"r{each}" for each in range(20))
    answer = Columns(("time", "route", "rate"), ((1.0,) * 20, names, tuple(range(20))))
    chart = to_shown(panel("timeseries"), answer).chart
    assert chart is not None
    assert [line.name for line in chart.lines] == [f"r{each}" for each in range(20 - MOST_LINES, 20)]


def test_an_answer_without_rows_is_shown_as_nothing() -> None:
    nothing = Columns((), ())
    assert to_shown(panel("table"), nothing).rows == ()
    chart = to_shown(panel("timeseries"), nothing).chart
    assert chart is not None
    assert chart.rows() == []
    assert to_shown(panel("stat"), nothing).text


def test_columns_of_numbers_are_known_and_times_are_none() -> None:
    answer = Columns(("at", "name", "n", "share"), ((1.764e9,), ("a",), (3,), (0.5,)))
    assert to_shown(panel("table"), answer).numeric == (False, False, True, True)


def test_rows_lead_where_grafana_leads_but_to_paths_of_the_console() -> None:
    links = (Link("Open", "${console}/findings/${__data.fields.id}"),)
    found = msgspec.structs.replace(panel("table"), links=links)
    shown = to_shown(found, Columns(("kind", "id"), (("flood",), ("f/1",))))
    assert (shown.names, shown.rows, shown.hrefs) == (("kind",), (("flood",),), ("/findings/f%2F1",))
    board = msgspec.structs.replace(panel("table"), links=(TO_ROUTE,))
    assert to_shown(board, Columns(("route",), (("log in",),))).hrefs == ("/boards/route?route=log%20in",)
    assert to_shown(panel("table"), Columns(("id",), (("1",),))).rows == (("1",),)


async def test_a_board_leads_from_a_finding_to_its_page(warehouse_url: str, tmp_path: Path) -> None:
    tenant, now = "board-links", time.time()
    client = connect(warehouse_url)
    found = seed(client, tenant, now)
    client.close()
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(tenant))
    async with browsing(policy, warehouse_url, Clock(now)) as browser:
        await browser.sign_in()
        assert f'href="/findings/{found.id}"' in (await browser.get("/boards/findings")).text


def test_cells_are_told_for_people() -> None:
    counted = Columns(("route", "judged_by", "request_count", "share"), (("",), ("",), (7,), (0.0365,)))
    shown = to_shown(panel("table"), counted)
    assert shown.names == ("route", "judged by", "requests", "share")
    assert [cell.replace(UNBROKEN, " ") for cell in shown.rows[0]] == ["(no route)", NOTHING, "7", "3.65 %"]
    found = Columns(("route", "confidence"), (("",), (0.72,)))
    assert to_shown(panel("table"), found).names == ("route", "how sure")
    assert to_shown(panel("table"), found).rows[0][0] == NOTHING


def test_lines_are_named_for_people() -> None:
    heat = to_shown(panel("heatmap"), Columns(("time", "16", "longer"), ((1.0,), (2,), (1,)))).chart
    assert heat is not None
    assert ([line.name for line in heat.lines], heat.unit) == (["up to 16 ms", "longer"], "requests")
    routes = to_shown(panel("timeseries"), Columns(("time", "route", "rate"), ((1.0,), ("",), (2.0,)))).chart
    assert routes is not None
    assert [line.name for line in routes.lines] == ["(no route)"]


async def test_the_board_of_no_route_asks_for_it_alone(warehouse_url: str, tmp_path: Path) -> None:
    tenant, now = "board-unrouted", time.time()
    client = connect(warehouse_url)
    lost = {"route": "", "status": 404, "decision": "refused", "outcome": "no_route", "identity": ATTACKER}
    rows = [row(tenant, each, ended_at=now - 30 - each, **lost) for each in range(5)]
    rows += [row(tenant, 10 + each, ended_at=now - 30 - each, identity="ip:10.0.0.9") for each in range(5)]
    insert_rows(client, rows, token=tenant)
    client.close()
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(tenant))
    async with browsing(policy, warehouse_url, Clock(now)) as browser:
        await browser.sign_in()
        page = (await browser.get("/boards/route?route=(no+route)")).text
        every = (await browser.get("/boards/overview")).text
    assert "<option selected>(no route)</option>" in page
    assert ATTACKER in page
    assert "ip:10.0.0.9" not in page
    assert '<a href="/boards/route?route=%28no%20route%29">(no route)</a>' in every
    assert "<span>Refused</span><b>0<" in every


def test_every_unit_of_a_panel_has_words() -> None:
    assert {each.unit for board in BOARDS for each in board.panels} <= set(UNITS)


def test_the_examples_hold() -> None:
    assert doctest.testmod(boards).failed == 0


async def test_every_board_answers_for_all_routes_and_for_one(warehouse_url: str, tmp_path: Path) -> None:
    now = time.time()
    client = connect(warehouse_url)
    seed(client, TENANT, now)
    client.close()
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(TENANT))
    async with browsing(policy, warehouse_url, Clock(now)) as browser:
        await browser.sign_in()
        for board in BOARDS:
            page = await browser.get(f"/boards/{boards.slug_of(board)}")
            assert page.status_code == 200
            assert "the warehouse answers with a failure" not in page.text
        page = await browser.get("/boards/route?route=login&range=1+h")
        assert "<option selected>login</option>" in page.text
        assert ATTACKER in page.text
        injected = await browser.get("/boards/route?route=%27)+OR+1%3D1+--+")
        assert ATTACKER not in injected.text
        assert (await browser.get("/boards/none")).status_code == 404


@pytest.mark.parametrize("path", ["/boards", "/boards/overview"])
async def test_boards_need_a_session(policy: Path, clock: Clock, path: str) -> None:
    async with browsing(policy, "", clock) as browser:
        assert (await browser.get(path)).headers["location"].startswith("/login")
        await browser.sign_in()
        assert (await browser.client.get(path, follow_redirects=True)).status_code == 200
