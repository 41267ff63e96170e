"""The JSON that Grafana reads."""

import msgspec
import pytest

from dashboards.boards import BOARDS
from dashboards.grafana import DATASOURCE, PLUGIN, to_dashboard, to_json
from dashboards.spec import Board


def dashboard(board: Board) -> dict[str, object]:
    return msgspec.json.decode(to_json(board), type=dict[str, object])


def parts(board: Board, *path: str) -> list[dict[str, object]]:
    found: object = dashboard(board)
    for name in path:
        assert isinstance(found, dict)
        found = found[name]
    return msgspec.convert(found, list[dict[str, object]])


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_panels_have_ids_that_are_unique_and_start_at_one(board: Board) -> None:
    assert [panel["id"] for panel in parts(board, "panels")] == list(range(1, len(board.panels) + 1))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_everything_asks_the_data_source_that_the_reader_chose(board: Board) -> None:
    queries = [panel["targets"] for panel in parts(board, "panels")]
    queries += [[mark["target"]] for mark in parts(board, "annotations", "list")]
    chosen = [variable for variable in parts(board, "templating", "list") if variable["type"] == "query"]
    queries += [[variable["query"]] for variable in chosen]
    for query in msgspec.convert([one for each in queries for one in each], list[dict[str, object]]):  # type: ignore[attr-defined]  # lists by the assertions of the renderer
        assert query["datasource"] == DATASOURCE == {"type": PLUGIN, "uid": "${datasource}"}
        assert query["rawSql"]


def test_a_series_asks_by_time_and_a_table_does_not() -> None:
    kinds = {str(panel["type"]): panel for board in BOARDS for panel in parts(board, "panels")}
    told = {
        kind: [
            (query["queryType"], query["format"])
            for query in msgspec.convert(panel["targets"], list[dict[str, object]])
        ]
        for kind, panel in kinds.items()
    }
    assert told["timeseries"] == told["heatmap"] == [("timeseries", 0)]
    assert told["table"] == told["stat"] == told["barchart"] == [("table", 1)]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_the_schema_is_the_classic_one_that_files_may_have(board: Board) -> None:
    found = to_dashboard(board)
    assert found["schemaVersion"] == 42
    assert "apiVersion" not in found
    assert found["uid"] == board.uid
