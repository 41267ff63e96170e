"""Every query of every board on the engine: for all routes, one and two of them, and with no row at all."""

import math

import pytest
from clickhouse_connect.driver.client import Client

from dashboards.alerts import RULES, Rule
from dashboards.asking import Columns, ask, ask_sql
from dashboards.boards import BOARDS
from dashboards.expansion import ALL, TimeRange, Values, expand, expand_back_end
from dashboards.spec import Annotation, Board, Panel, Variable
from tests.dashboards.seeded import TENANT

ROUTES: dict[str, str | tuple[str, ...]] = {"all": ALL, "one": "orders", "two": ("orders", "login")}
PANELS = [(board, panel) for board in BOARDS for panel in board.panels]
ANNOTATIONS = {(board.uid, mark.name): mark for board in BOARDS for mark in board.annotations}
VARIABLES = {variable.name: variable for board in BOARDS for variable in board.variables}


def named(pair: tuple[Board, Panel]) -> str:
    return f"{pair[0].uid}.{pair[1].name}"


def variables(tenant: str, routes: str | tuple[str, ...] = ALL) -> Values:
    return {"tenant": tenant, "route": routes, "console": "http://console"}


def assert_is_drawable(panel: Panel, answer: Columns) -> None:
    """Names are unique, numbers finite, and the columns are what the kind draws."""
    assert len(set(answer.names)) == len(answer.names)
    for column in answer.values:
        assert all(math.isfinite(cell) for cell in column if isinstance(cell, float))
    if panel.kind in ("timeseries", "heatmap") and answer.rows:
        assert answer.names[0] == "time"
        stamps = [float(stamp or 0) for stamp in answer.of("time")]
        assert stamps == sorted(stamps)
    if panel.kind == "stat":
        assert answer.rows == 1
        assert len(answer.names) == 1


@pytest.mark.parametrize("pair", PANELS, ids=named)
@pytest.mark.parametrize("routes", ROUTES.values(), ids=list(ROUTES))
def test_every_panel_answers_rows_of_finite_numbers(
    client: Client, span: TimeRange, pair: tuple[Board, Panel], routes: str | tuple[str, ...]
) -> None:
    answer = ask(client, pair[1], span, variables(TENANT, routes))
    assert answer.rows > 0
    assert_is_drawable(pair[1], answer)


@pytest.mark.parametrize("pair", PANELS, ids=named)
def test_every_panel_answers_where_there_are_no_rows(
    client: Client, span: TimeRange, pair: tuple[Board, Panel]
) -> None:
    answer = ask(client, pair[1], span, variables("nobody"))
    assert answer.rows == (1 if pair[1].kind == "stat" else 0)
    assert_is_drawable(pair[1], answer)


@pytest.mark.parametrize("pair", PANELS, ids=named)
def test_every_panel_answers_a_range_of_a_month(
    client: Client, span: TimeRange, pair: tuple[Board, Panel]
) -> None:
    month = TimeRange(span.until - 30 * 86_400, span.until)
    answer = ask(client, pair[1], month, variables(TENANT))
    assert answer.rows > 0
    assert_is_drawable(pair[1], answer)


@pytest.mark.parametrize("mark", ANNOTATIONS.values(), ids=[" ".join(key) for key in ANNOTATIONS])
def test_every_annotation_answers_times_and_texts(client: Client, span: TimeRange, mark: Annotation) -> None:
    answer = ask_sql(client, expand(mark.sql, span, variables(TENANT)))
    assert answer.rows > 0
    assert {"time", "text"} <= set(answer.names)
    assert ask_sql(client, expand(mark.sql, span, variables("nobody"))).rows == 0


@pytest.mark.parametrize("variable", VARIABLES.values(), ids=list(VARIABLES))
def test_every_variable_answers_one_column_with_the_seeded_values(
    client: Client, span: TimeRange, variable: Variable
) -> None:
    answer = ask_sql(client, expand(variable.sql, span, variables(TENANT)))
    assert answer.names == (variable.name,)
    assert set(answer.of(variable.name)) >= {"tenant": {TENANT}, "route": {"orders", "login"}}[variable.name]


@pytest.mark.parametrize("rule", RULES, ids=[rule.uid for rule in RULES])
def test_every_alert_answers_a_number_for_each_tenant(client: Client, span: TimeRange, rule: Rule) -> None:
    window = TimeRange(span.until - max(600, rule.window_s), span.until)
    answer = ask_sql(client, expand_back_end(rule.sql, window))
    assert answer.names[0] == "tenant"
    assert TENANT in answer.of("tenant")
    numbers = answer.values[-1]
    assert all(isinstance(number, float) and math.isfinite(number) for number in numbers)


@pytest.mark.parametrize("rule", RULES, ids=[rule.uid for rule in RULES])
def test_no_alert_fires_where_nothing_was_written(client: Client, rule: Rule) -> None:
    long_ago = TimeRange(1_000_000, 1_000_600)
    assert ask_sql(client, expand_back_end(rule.sql, long_ago)).rows == 0
