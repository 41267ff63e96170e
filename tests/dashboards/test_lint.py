"""What Grafana would swallow without a word, and an operator would stumble over."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import web
from dashboards.alerts import RULES, Rule
from dashboards.boards import BOARDS
from dashboards.expansion import TimeRange, expand_back_end, names_of
from dashboards.spec import GRID_WIDTH, Board, Panel, Place, places

FIXED_VARIABLES = {"datasource", "console"}
ROW_LIMIT = re.compile(r"\bLIMIT \d+\s*$")
TIME_FILTER = re.compile(r"\$__timeFilter(_ms)?\(")
BACK_END_ONLY = TimeRange(0, 600)
WEB = Path(web.__file__).parent
# The paths that the console's pages are registered with, whatever their parameters are called.
PAGES = {
    re.sub(r"\{\w+\}", "{}", path)
    for source in WEB.glob("*.py")
    for path in re.findall(r'"(/[a-z/{}_]*)"', source.read_text())
}
PANELS = [(board, panel) for board in BOARDS for panel in board.panels]


def named(pair: tuple[Board, Panel]) -> str:
    return f"{pair[0].uid}.{pair[1].name}"


def overlaps(one: Place, other: Place) -> bool:
    beside = one.x + one.w <= other.x or other.x + other.w <= one.x
    return not (beside or one.y + one.h <= other.y or other.y + other.h <= one.y)


def queries_of(board: Board) -> Iterator[str]:
    yield from (panel.sql for panel in board.panels)
    yield from (variable.sql for variable in board.variables)
    yield from (mark.sql for mark in board.annotations)


def test_uids_are_unique_and_short_enough_for_grafana() -> None:
    uids = [*(board.uid for board in BOARDS), *(rule.uid for rule in RULES)]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}", uid) for uid in uids)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_panels_are_inside_the_grid_and_cover_none_another(board: Board) -> None:
    found = places(board)
    assert all(place.x >= 0 and place.x + place.w <= GRID_WIDTH and place.w > 0 for place in found)
    pairs = [(one, other) for i, one in enumerate(found) for other in found[i + 1 :]]
    assert not [pair for pair in pairs if overlaps(*pair)]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_names_and_titles_are_unique_on_a_board(board: Board) -> None:
    for words in ([panel.name for panel in board.panels], [panel.title for panel in board.panels]):
        assert len(set(words)) == len(words)


@pytest.mark.parametrize("pair", PANELS, ids=named)
def test_every_panel_is_explained(pair: tuple[Board, Panel]) -> None:
    panel = pair[1]
    assert panel.title
    assert panel.description.endswith(".")
    assert panel.description.rstrip(".") != panel.title
    assert panel.unit
    assert panel.sql.startswith("-- "), "the query tells its question"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_every_variable_that_is_used_is_defined_and_the_other_way_round(board: Board) -> None:
    defined = {variable.name for variable in board.variables}
    used: set[str] = set().union(*(names_of(sql) for sql in queries_of(board)))
    assert used <= defined
    assert defined <= used


@pytest.mark.parametrize("pair", PANELS, ids=named)
def test_every_query_is_of_the_range_or_says_that_it_is_not(pair: tuple[Board, Panel]) -> None:
    panel = pair[1]
    is_filtered = TIME_FILTER.search(panel.sql) is not None or "$__toTime" in panel.sql
    assert is_filtered != panel.is_timeless


@pytest.mark.parametrize("pair", PANELS, ids=named)
def test_every_query_is_of_one_tenant_in_each_of_its_tables(pair: tuple[Board, Panel]) -> None:
    sql = pair[1].sql
    tables = re.findall(r"\bFROM (?!\()(\w+)", sql)
    assert tables
    assert sql.count("tenant = ${tenant:singlequote}") == len(tables)


@pytest.mark.parametrize("pair", PANELS, ids=named)
def test_tables_and_bars_are_limited(pair: tuple[Board, Panel]) -> None:
    if pair[1].kind in ("table", "bar"):
        assert ROW_LIMIT.search(pair[1].sql)


@pytest.mark.parametrize("pair", PANELS, ids=named)
def test_links_lead_to_the_console_or_to_a_board_and_name_columns_that_are_there(
    pair: tuple[Board, Panel],
) -> None:
    boards = {board.uid for board in BOARDS}
    for link in pair[1].links:
        board = re.match(r"/d/([a-z-]+)\?", link.url)
        assert link.url.startswith("${console}/") or (board and board[1] in boards)
        for column in re.findall(r"\$\{__data\.fields\.(\w+)\}", link.url):
            assert re.search(rf"\b{column}\b", pair[1].sql)


@pytest.mark.parametrize("pair", PANELS, ids=named)
def test_links_to_the_console_lead_to_a_page_that_it_has(pair: tuple[Board, Panel]) -> None:
    for link in pair[1].links:
        if link.url.startswith("${console}"):
            path = re.sub(r"\$\{__data\.fields\.\w+\}", "{}", link.url.removeprefix("${console}"))
            assert path in PAGES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.uid)
def test_alerts_need_the_back_end_alone(rule: Rule) -> None:
    assert "$__conditionalAll" not in rule.sql
    assert not names_of(rule.sql)
    assert "$" not in expand_back_end(rule.sql, BACK_END_ONLY)
    assert TIME_FILTER.search(rule.sql)
    assert "tenant" in rule.sql
