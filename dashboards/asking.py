"""Asks a panel's question and answers columns: what the console draws and what the tests look at."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from dashboards.expansion import TimeRange, Values, expand
from dashboards.spec import Panel

Cell = str | int | float | None


class Columns(msgspec.Struct, frozen=True):
    """Equally long columns with their names; times are seconds since 1970.

    Without a row there are no columns either: ClickHouse's Native format sends nothing then.
    """

    names: tuple[str, ...]
    values: tuple[tuple[Cell, ...], ...]

    def of(self, name: str) -> tuple[Cell, ...]:
        """The column of that name; raises KeyError."""
        if name not in self.names:
            raise KeyError(name)
        return self.values[self.names.index(name)]

    @property
    def rows(self) -> int:
        return len(self.values[0]) if self.values else 0


class Series(msgspec.Struct, frozen=True):
    """A chart's lines: `values[i]` goes with `names[i]` and is as long as `times`; None where nothing was."""

    times: tuple[float, ...]
    names: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]


def ask(client: Client, panel: Panel, time_range: TimeRange, variables: Values) -> Columns:
    """The panel's answer. Raises NotExpandable and clickhouse_connect's errors."""
    return ask_sql(client, expand(panel.sql, time_range, variables))


def ask_sql(client: Client, sql: str) -> Columns:
    """The answer to plain SQL. Raises clickhouse_connect's errors."""
    # Braces and percent signs are the question's own: nothing is bound here.
    result = client.query(sql, column_oriented=True)
    columns: Sequence[Sequence[Any]] = result.result_columns or [[] for _ in result.column_names]
    values = tuple(tuple(_cell(value) for value in column) for column in columns)
    return Columns(tuple(result.column_names), values)


def to_series(columns: Columns) -> Series:
    """Lines over time: a text column (the first but `time`) names lines, else each column is one.

    Raises KeyError where there are rows, and no column `time`.
    """
    if not columns.rows:
        return Series((), (), ())
    stamps = [float(stamp or 0) for stamp in columns.of("time")]
    times = tuple(sorted(set(stamps)))
    label = _label(columns)
    lines: dict[str, dict[float, float]] = {}
    for name, values in zip(columns.names, columns.values, strict=True):
        if name in ("time", label):
            continue
        keys = columns.of(label) if label else (name,) * len(stamps)
        for stamp, key, value in zip(stamps, keys, values, strict=True):
            if isinstance(value, int | float):
                lines.setdefault(str(key), {})[stamp] = float(value)
    return Series(times, tuple(lines), tuple(_line(times, points) for points in lines.values()))


def _line(times: Sequence[float], points: Mapping[float, float]) -> tuple[float | None, ...]:
    return tuple(points.get(time) for time in times)


def _label(columns: Columns) -> str:
    pairs = zip(columns.names, columns.values, strict=True)
    return next((name for name, values in pairs if values and isinstance(values[0], str)), "")


def _cell(value: Any) -> Cell:
    if isinstance(value, datetime.datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        return aware.timestamp()
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return str(value)
