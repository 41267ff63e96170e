"""The last windows of each route and of each upstream, side by side.

Only windows in which a route answered something are kept, so that thirty of them are thirty
seconds of a busy route and half an hour of a quiet one: detectors need no other scale for each.
An upstream is the sum of its routes; a row is named by what it is and its name (`route:orders`).
"""

import msgspec
import numpy as np

from analytics.windows import Floats, Ints, SeriesRows, Table, Window, grown

ROUTE = "route:"
UPSTREAM = "upstream:"
DEPTH = 32  # windows kept per row
FRESH_S = 600  # older ones are no part of what goes on now
MOST_ROWS = 4_096
COLUMNS = (
    "requests",
    "failures",
    "timed",
    "upstream_sum",
    "upstream_squares",
    "upstream_p95",
    "gateway_sum",
    "gateway_squares",
    "gateway_p95",
)
PEAKS = ("upstream_p95", "gateway_p95")  # an upstream takes its routes' greatest: they do not add up


class Columns(msgspec.Struct, frozen=True):
    """One window of some rows, which are numbered by Rows: `values` [COLUMNS, rows]."""

    rows: Ints
    values: Floats

    def of(self, column: str) -> Floats:
        """One of COLUMNS, in the shape of `values` without the first dimension."""
        found: Floats = self.values[COLUMNS.index(column)]
        return found


class Rows:
    """Numbers routes and upstreams; never forgets one, and takes no more than MOST_ROWS."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.upstreams: list[str] = []  # of each row
        self._numbers: dict[str, int] = {}

    def number(self, name: str, upstream: str) -> int:
        """The row of a name, or -1 past the cap."""
        found = self._numbers.get(name)
        if found is not None:
            return found
        if len(self.names) >= MOST_ROWS:
            return -1
        self._numbers[name] = len(self.names)
        self.names.append(name)
        self.upstreams.append(upstream)
        return self._numbers[name]

    def find(self, name: str) -> int:
        """The row of a name, or -1."""
        return self._numbers.get(name, -1)


def columns_of(series: SeriesRows, rows: Rows) -> Columns:
    """A window's routes, and its upstreams summed, by row number."""
    own = np.fromiter(
        (rows.number(f"{ROUTE}{name}", up) for name, up in zip(series.routes, series.upstreams, strict=True)),
        np.int64,
        len(series.routes),
    )
    above = np.fromiter(
        (rows.number(f"{UPSTREAM}{up}", up) if up else -1 for up in series.upstreams), np.int64, len(own)
    )
    target = np.concatenate([own, above])
    unique, inverse = np.unique(target, return_inverse=True)
    values = np.zeros((len(COLUMNS), len(unique)))
    for index, name in enumerate(COLUMNS):
        column = np.asarray(getattr(series, name), np.float64)
        np.add.at(values[index], inverse, np.concatenate([column, column]))
        if name in PEAKS:
            values[index] = 0.0
            np.maximum.at(values[index], inverse, np.concatenate([column, column]))
    named = unique >= 0
    return Columns(unique[named], values[:, named])


class Recent(Columns, frozen=True):
    """The last windows of some rows, latest first: `values` [COLUMNS, rows, DEPTH], `seconds` [rows, DEPTH].

    A window that is missing has second 0 and zeros.
    """

    seconds: Ints


class SeriesTrail:
    """Remembers the last DEPTH windows of each row."""

    def __init__(self) -> None:
        self.rows = Rows()
        self._values: Table = np.zeros((8, DEPTH, len(COLUMNS)))
        self._seconds: Table = np.zeros((8, DEPTH), np.int64)
        self._count: Table = np.zeros(8, np.int64)

    def enter(self, window: Window) -> tuple[Columns, Recent]:
        """Add a window; its columns by row, and what its rows did of late, this window included."""
        columns = columns_of(window.series, self.rows)
        size = len(self.rows.names)
        self._values = grown(self._values, size)
        self._seconds = grown(self._seconds, size)
        self._count = grown(self._count, size)
        rows = columns.rows
        at = self._count[rows] % DEPTH
        self._values[rows, at] = columns.values.T
        self._seconds[rows, at] = window.second
        self._count[rows] += 1
        order = (at[:, None] - np.arange(DEPTH)[None, :]) % DEPTH
        seconds = np.take_along_axis(self._seconds[rows], order, axis=1)
        values = np.take_along_axis(self._values[rows], order[:, :, None], axis=1)
        fresh = (seconds > 0) & (seconds > window.second - FRESH_S)
        values = values * fresh[:, :, None]
        return columns, Recent(rows, np.moveaxis(values, 2, 0), seconds * fresh)
