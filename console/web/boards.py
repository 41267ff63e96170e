"""Boards: the panel specs that Grafana shows, asked of the warehouse and drawn here."""

import asyncio
import math
import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from console.moments import to_utc
from console.web.charts import Chart, Line
from console.web.forms import NotShown
from console.web.rendering import NOTHING, SECURITY_FIELDS, to_number, to_percent
from console.web.site import Site
from console.web.telemetry import WarehouseAway
from console.web.traffic import UNMATCHED
from dashboards.asking import Cell, Columns, to_series
from dashboards.boards import BOARDS
from dashboards.boards.choices import ROUTE
from dashboards.expansion import ALL, NotExpandable, TimeRange, Values, expand
from dashboards.spec import Board, Panel

RANGES: Mapping[str, float] = {"15 min": 900.0, "1 h": 3_600.0, "6 h": 21_600.0, "24 h": 86_400.0}
POINTS = 120
MOST_LINES = 8
MOST_ROWS = 50
PREFIX = "tidegate-"
SHARE = "percentunit"
UNITS: Mapping[str, str] = {
    "short": "",
    "none": "",
    "reqps": "requests/s",
    SHARE: "%",
    "ms": "ms",
    "s": "s",
    "bytes": "bytes",
    "Bps": "bytes/s",
}
# Times come as seconds since 1970, between 2001 and 2096; nothing else on a board is a fraction of that size.
TIMES = (1e9, 4e9)
# Columns that are there for a panel's link alone.
LINKED_ONLY = frozenset({"id", "revision"})
# Columns that are no word for people by themselves.
COLUMN_NAMES: Mapping[str, str] = {
    "request_count": "requests",
    "refused_count": "refused",
    "decided_at": "decided",
    "harm_promised": "harm promised, at most",
    "harm_realised": "harm realised, at most",
    "mean_ms": "mean, ms",
    "silent_s": "silent for, s",
    "recommendation_count": "recommendations",
    "sure": "how sure",
    "confidence": "how sure",
    "short": "revision",
}
SHARES = re.compile(r"^(share|share_right|sure|confidence|promised_bound|realised|harm_\w+|\w+_share)$")
TITLES: Mapping[str, str] = {"Overview": "Traffic overview"}  # the console has an overview of its own
FIELD = re.compile(r"\$\{__data\.fields\.(\w+)\}")
BOARD_LINK = re.compile(r"^/d/tidegate-(\w+)\?.*var-route=")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A panel's answer: a chart, a number, or a table; or why there is none."""

    title: str
    about: str
    unit: str
    is_stat: bool = False
    chart: Chart | None = None
    text: str = ""
    names: tuple[str, ...] = ()
    numeric: tuple[bool, ...] = ()  # whether a column has numbers alone
    rows: tuple[tuple[str, ...], ...] = ()
    hrefs: tuple[str, ...] = ()  # of each row, where a link of the panel leads to a page of ours
    trouble: str = ""


class Boards:
    """The pages of boards."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def first(self, request: Request) -> Response:
        """The first board."""
        self._site.session_of(request)
        return RedirectResponse(f"/boards/{slug_of(BOARDS[0])}", 303, headers=SECURITY_FIELDS)

    async def one(self, request: Request, board: str) -> Response:
        """A board over a range, for one route or all."""
        self._site.session_of(request)
        found = next((each for each in BOARDS if slug_of(each) == board), None)
        if found is None:
            raise NotShown(404, "No such board", f"there is no board {board!r}")
        span = request.query_params.get("range", "")
        span = span if span in RANGES else next(iter(RANGES))
        route = request.query_params.get("route", "")
        until = self._site.now()
        over = TimeRange(until - RANGES[span], until, POINTS)
        asked = "" if route == UNMATCHED else route or ALL
        chosen: Values = {"tenant": self._site.state.tenant, "route": asked, "console": ""}
        routes, away = await self._routes(over, chosen)
        answers = [] if away else await asyncio.gather(*(self._shown(p, over, chosen) for p in found.panels))
        return await self._site.show(
            request,
            "board.html",
            board=found,
            boards=[(slug_of(each), title_of(each)) for each in BOARDS],
            title=title_of(found),
            chosen=board,
            range=span,
            ranges=tuple(RANGES),
            route=route,
            routes=routes,
            since=over.since,
            until=until,
            away=away,
            stats=[each for each in answers if each.is_stat],
            shown=[each for each in answers if not each.is_stat],
        )

    async def _routes(self, over: TimeRange, chosen: Values) -> tuple[tuple[str, ...], str]:
        try:
            answer = await self._site.telemetry.answer_of(expand(ROUTE.sql, over, chosen))
        except WarehouseAway as fact:
            return (), str(fact)
        return tuple(str(each or UNMATCHED) for column in answer.values for each in column), ""

    async def _shown(self, panel: Panel, over: TimeRange, chosen: Values) -> Shown:
        try:
            answer = await self._site.telemetry.answer_of(expand(panel.sql, over, chosen))
            return to_shown(panel, answer, over=over)
        except (WarehouseAway, NotExpandable) as fact:
            return to_shown(panel, Columns((), ()), trouble=str(fact))


def to_shown(panel: Panel, answer: Columns, *, over: TimeRange | None = None, trouble: str = "") -> Shown:
    """An answer as its panel's kind asks for it."""
    shown = Shown(
        title=panel.title,
        about=panel.description,
        unit=UNITS[panel.unit],
        is_stat=panel.kind == "stat",
        trouble=trouble,
    )
    if trouble:
        return shown
    if panel.kind in ("timeseries", "heatmap"):
        return msgspec.structs.replace(shown, chart=to_chart(panel, answer, over))
    if panel.kind == "stat":
        value = answer.values[0][0] if answer.rows else None
        return msgspec.structs.replace(shown, text=to_text(value, panel))
    rows = list(zip(*answer.values, strict=True))[:MOST_ROWS]
    # Where requests are counted, an empty route is that of no route; elsewhere there is just no value.
    nothing = {"route": UNMATCHED} if "request_count" in answer.names else {}
    kept = [name for name in answer.names if name not in LINKED_ONLY or not panel.links]
    places = [answer.names.index(name) for name in kept]
    return msgspec.structs.replace(
        shown,
        names=tuple(COLUMN_NAMES.get(name, name.replace("_", " ")) for name in kept),
        numeric=tuple(all(is_number(row[place]) for row in rows) for place in places),
        rows=tuple(
            tuple(
                to_cell(row[place], answer.names[place], nothing.get(answer.names[place], NOTHING))
                for place in places
            )
            for row in rows
        ),
        hrefs=tuple(to_href(panel, dict(zip(answer.names, row, strict=True))) for row in rows),
    )


def to_href(panel: Panel, row: Mapping[str, Cell]) -> str:
    """Where the panel's link leads from a row, as a path of the console; empty where there is no link."""
    if not panel.links:
        return ""
    url = BOARD_LINK.sub(r"/boards/\1?route=", panel.links[0].url.removeprefix("${console}"))
    values = {name: UNMATCHED if name == "route" and cell == "" else cell for name, cell in row.items()}
    return FIELD.sub(lambda field: quote(str(values.get(field[1], "")), safe=""), url)


def to_chart(panel: Panel, answer: Columns, over: TimeRange | None) -> Chart:
    """Lines over time: the MOST_LINES greatest. A heatmap's are named by their upper bounds."""
    span = (over.since, over.until) if over else None
    series = to_series(answer)
    times = 100.0 if panel.unit == SHARE else 1.0
    lines = [
        Line(
            to_line_name(panel, name, is_route="route" in answer.names),
            tuple(math.nan if value is None else value * times for value in values),
        )
        for name, values in zip(series.names, series.values, strict=True)
    ]
    greatest = sorted(lines, key=lambda line: -sum(v for v in line.values if not math.isnan(v)))[:MOST_LINES]
    kept = tuple(line for line in lines if line in greatest)
    unit = "requests" if panel.kind == "heatmap" else UNITS[panel.unit]
    return Chart(panel.name, panel.title, unit, series.times, kept, span)


def to_line_name(panel: Panel, name: str, *, is_route: bool) -> str:
    """What a line is called in the legend."""
    if panel.kind == "heatmap":
        return f"up to {name} ms" if name.isdigit() else name
    return name.replace("_", " ") or (UNMATCHED if is_route else "(none)")


def to_text(value: Cell, panel: Panel) -> str:
    """A single number; shares in percent."""
    if not isinstance(value, int | float):
        return str(value or to_number(math.nan))
    return to_number(value * 100 if panel.unit == SHARE else value)


def to_cell(value: Cell, name: str = "", nothing: str = NOTHING) -> str:
    """A table's cell, in a column of that name.

    >>> to_cell(1_764_000_000.0), to_cell(12), to_cell("x"), to_cell(0.0365, "share").replace("\xa0", " ")
    ('2025-11-24 16:00:00', '12', 'x', '3.65 %')
    """
    if isinstance(value, int | float) and SHARES.match(name):
        return to_percent(value)
    if isinstance(value, float):
        return to_utc(value) if TIMES[0] <= value <= TIMES[1] else to_number(value)
    return f"{value:,}" if isinstance(value, int) else str(value or nothing)


def is_number(value: Cell) -> bool:
    """Whether it is told as a number: a time is not."""
    return isinstance(value, int) or (isinstance(value, float) and not TIMES[0] <= value <= TIMES[1])


def slug_of(board: Board) -> str:
    """A board's part of the path."""
    return board.uid.removeprefix(PREFIX)


def title_of(board: Board) -> str:
    """A board's title without the product's name."""
    title = board.title.removeprefix("Tidegate: ")
    return TITLES.get(title, title)


def add_boards(app: FastAPI, site: Site) -> None:
    """Add these pages to the application."""
    boards = Boards(site)
    app.add_api_route("/boards", boards.first, include_in_schema=False)
    app.add_api_route("/boards/{board}", boards.one, include_in_schema=False)
