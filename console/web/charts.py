"""A chart as columns: what uPlot draws, and the table that stands under it."""

import math

import msgspec

TABLE_ROWS = 12  # of a chart's table; more are no help to a reader


class Line(msgspec.Struct, frozen=True):
    """One line of a chart; nan where there is no value."""

    name: str
    values: tuple[float, ...]


class Chart(msgspec.Struct, frozen=True):
    """Lines over shared times (seconds since 1970). `span`: what its axis shows; none: from first to last."""

    id: str
    title: str
    unit: str
    times: tuple[float, ...]
    lines: tuple[Line, ...]
    span: tuple[float, float] | None = None

    def columns(self) -> str:
        """JSON for console.js: times, names, values; nan is null."""
        values = [[None if math.isnan(value) else value for value in line.values] for line in self.lines]
        names = [line.name for line in self.lines]
        known = {"unit": self.unit, "times": self.times, "span": self.span, "names": names, "values": values}
        return msgspec.json.encode(known).decode()

    def rows(self) -> list[tuple[float, tuple[float, ...]]]:
        """Evenly spaced points, the newest first: (time, a value of each line)."""
        step = max(1, math.ceil(len(self.times) / TABLE_ROWS))
        chosen = range(len(self.times) - 1, -1, -step)
        return [(self.times[each], tuple(line.values[each] for line in self.lines)) for each in chosen]
