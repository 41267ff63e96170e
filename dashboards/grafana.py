"""Boards to Grafana's classic JSON, schema version 42, as files of provisioning and the API take it."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from dashboards.spec import Annotation, Board, Kind, Link, Panel, Place, Variable, places

SCHEMA_VERSION = 42
PLUGIN = "grafana-clickhouse-datasource"
PLUGIN_VERSION = "4.20.0"
_TIMESERIES, _TABLE = 0, 1  # the plugin's formats
_PANEL_TYPES: Mapping[Kind, str] = {"bar": "barchart"}
Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
DATASOURCE: Mapping[str, Json] = {"type": PLUGIN, "uid": "${datasource}"}
CONSOLE_URL = "http://127.0.0.1:8090"


def to_json(board: Board) -> bytes:
    """The committed file: indented, with a last line feed, the same bytes each time."""
    return msgspec.json.format(msgspec.json.encode(to_dashboard(board)), indent=1) + b"\n"


def to_dashboard(board: Board) -> Mapping[str, Json]:
    """The dashboard as Grafana's model has it."""
    placed = zip(board.panels, places(board), strict=True)
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.description,
        "tags": ["tidegate"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-15m", "to": "now"},
        "timezone": "browser",
        "links": [_menu()],
        "templating": {"list": [*_fixed_variables(), *map(_variable, board.variables)]},
        "annotations": {"list": [*map(_annotation, board.annotations)]},
        "panels": [_panel(number, panel, place) for number, (panel, place) in enumerate(placed, start=1)],
    }


def query(sql: str, *, is_series: bool, reference: str = "A") -> Mapping[str, Json]:
    """A query as the plugin stores it."""
    return {
        "refId": reference,
        "datasource": DATASOURCE,
        "pluginVersion": PLUGIN_VERSION,
        "editorType": "sql",
        "queryType": "timeseries" if is_series else "table",
        "format": _TIMESERIES if is_series else _TABLE,
        "rawSql": sql,
    }


def _panel(number: int, panel: Panel, place: Place) -> Mapping[str, Json]:
    is_series = panel.kind in ("timeseries", "heatmap")
    return {
        "id": number,
        "type": _PANEL_TYPES.get(panel.kind, panel.kind),
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": {"x": place.x, "y": place.y, "w": place.w, "h": place.h},
        "interval": "1s",
        "targets": [query(panel.sql, is_series=is_series)],
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "links": [_link(one) for one in panel.links], "min": 0},
            "overrides": [],
        },
        "options": _options(panel.kind),
    }


def _options(kind: Kind) -> Mapping[str, Json]:
    match kind:
        case "timeseries":
            return {
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }
        case "stat":
            return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
        case "heatmap":
            return {"calculate": False, "yAxis": {"unit": "ms"}, "cellGap": 1}
        case "bar":
            return {"orientation": "horizontal", "legend": {"showLegend": False}}
        case "table":
            return {"showHeader": True, "cellHeight": "sm"}


def _link(link: Link) -> Mapping[str, Json]:
    return {"title": link.title, "url": link.url, "targetBlank": link.url.startswith("${console}")}


def _menu() -> Mapping[str, Json]:
    return {
        "type": "dashboards",
        "title": "Tidegate",
        "tags": ["tidegate"],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
    }


def _fixed_variables() -> list[Json]:
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": PLUGIN, "hide": 0},
        {"name": "console", "label": "Console", "type": "textbox", "query": CONSOLE_URL, "hide": 0},
    ]


def _variable(variable: Variable) -> Mapping[str, Json]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": query(variable.sql, is_series=False, reference=f"variable-{variable.name}"),
        "definition": variable.sql,
        "multi": variable.is_multi,
        "includeAll": variable.is_multi,
        "current": {"text": ["All"], "value": ["$__all"]} if variable.is_multi else {},
        "refresh": 2,  # with each change of the time range
        "sort": 1,
        "hide": 0,
    }


def _annotation(annotation: Annotation) -> Mapping[str, Json]:
    return {
        "name": annotation.name,
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": annotation.colour,
        "target": query(annotation.sql, is_series=False, reference=f"mark-{annotation.name.lower()}"),
    }
