"""What a panel asks and how it is shown: the source of Grafana's JSON and of the console's charts."""

from typing import Literal, NewType

import msgspec

Kind = Literal["timeseries", "stat", "table", "heatmap", "bar"]
# Grafana's ids of units; `short` is a plain number.
Unit = Literal["short", "reqps", "percentunit", "ms", "s", "bytes", "Bps", "none"]
BoardUid = NewType("BoardUid", str)
GRID_WIDTH = 24


class Link(msgspec.Struct, frozen=True):
    """Where a row leads: `url` may hold `${console}` and `${__data.fields.NAME}`."""

    title: str
    url: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One question and its picture.

    `name` is unique in its board. `sql` carries Grafana's macros, see `dashboards.expansion`. A timeseries
    and a heatmap answer a column `time`, then one column per series; a text column names series by row.
    `is_timeless`: shows the state as it is, whatever range was chosen.
    """

    name: str
    title: str
    description: str
    sql: str
    unit: Unit
    kind: Kind
    width: int = 12
    height: int = 8
    is_timeless: bool = False
    links: tuple[Link, ...] = ()


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader chooses; `sql` lists the values. `is_multi`: several, or all."""

    name: str
    label: str
    sql: str
    is_multi: bool = False


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """Marks on every timeseries: columns `time`, `text`, and maybe `timeEnd`, `tags`."""

    name: str
    sql: str
    colour: str


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """A page of panels, in reading order."""

    uid: BoardUid
    title: str
    description: str
    panels: tuple[Panel, ...]
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """A rectangle in a grid of 24 columns."""

    x: int
    y: int
    w: int
    h: int


class UnknownPanel(Exception):
    """The board has no panel of that name."""


def panel_of(board: Board, name: str) -> Panel:
    """The panel of that name; raises UnknownPanel."""
    for panel in board.panels:
        if panel.name == name:
            return panel
    raise UnknownPanel(f"{board.uid} has no panel {name!r}")


def places(board: Board) -> tuple[Place, ...]:
    """One for each panel: from left to right, in a new row where the next one does not fit."""
    found: list[Place] = []
    x = y = tallest = 0
    for panel in board.panels:
        if x + panel.width > GRID_WIDTH:
            x, y, tallest = 0, y + tallest, 0
        found.append(Place(x, y, panel.width, panel.height))
        x += panel.width
        tallest = max(tallest, panel.height)
    return tuple(found)
