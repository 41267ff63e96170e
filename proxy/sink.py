"""The event sink: numbers events, counts them for /metrics, hands them to the warehouse's writer.

Telemetry may be lost and counted; it never fails or delays a request.
"""

from bisect import bisect_left
from typing import NamedTuple, Protocol

from kernel.events import NAMES, OTHER, EventRow, LedgerRow

# OpenTelemetry's advised boundaries of http.server.request.duration, in seconds.
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
BOUNDS_US = tuple(int(bound * 1e6) for bound in BOUNDS_S)
# Cells of the tally: 40 routes x 8 methods x 5 classes x 12 buckets fit; past it, route `_OTHER`.
MAX_CELLS = 20_000

INTERIM, ROUTE, METHOD = NAMES.index("interim"), NAMES.index("route"), NAMES.index("method")
STATUS, OUTCOME, DURATION = NAMES.index("status"), NAMES.index("outcome"), NAMES.index("duration_us")


class Cell(NamedTuple):
    """What a request is counted under. `status_class` 2 is 2xx, 0 no status; `bucket` is an index."""

    route: str
    method: str
    status_class: int
    outcome: str
    bucket: int


class Tally:
    """Counts of final events: one dictionary update per event (0.4 us), summed up when scraped."""

    __slots__ = ("cells",)

    def __init__(self) -> None:
        self.cells: dict[Cell, list[int]] = {}  # -> [requests, microseconds]

    def count(self, row: EventRow) -> None:
        """Count a row; interim rows say nothing that a final one will not."""
        if row[INTERIM]:
            return
        status: int = row[STATUS]  # type: ignore[assignment]  # COLUMNS says integer
        duration_us: int = row[DURATION]  # type: ignore[assignment]  # COLUMNS says integer
        cell = (row[ROUTE], row[METHOD], status // 100, row[OUTCOME], bisect_left(BOUNDS_US, duration_us))
        found = self.cells.get(cell)  # type: ignore[call-overload]  # a plain tuple equals a Cell and is cheaper
        if found is None:
            found = self.open(Cell(*cell))  # type: ignore[arg-type]  # as COLUMNS types them
        found[0] += 1
        found[1] += duration_us

    def open(self, cell: Cell) -> list[int]:
        """A new cell, under `_OTHER` where a policy's many routes would fill the memory."""
        if len(self.cells) >= MAX_CELLS:
            cell = cell._replace(route=OTHER)
        return self.cells.setdefault(cell, [0, 0])


class Writer(Protocol):
    """What the sink needs of `warehouse.writer.EventWriter`."""

    def start(self) -> None:
        """Begin to write in the background."""

    def offer(self, row: EventRow) -> None:
        """Take one row; never blocks."""

    def note(self, open_requests: int, slow_clients: tuple[str, ...]) -> None:
        """What the next ledger row says of open exchanges."""

    def stop(self, deadline_s: float) -> None:
        """Write what is buffered, or spool it; returns after the deadline at the latest."""

    def totals(self) -> LedgerRow:
        """What became of the events so far."""


class NoWarehouse:
    """The writer of `--warehouse none`: events are counted for /metrics and not kept."""

    def __init__(self) -> None:
        self.offered = 0

    def start(self) -> None:
        """Nothing to start."""

    def offer(self, row: EventRow) -> None:
        """Count and drop."""
        self.offered += 1

    def note(self, open_requests: int, slow_clients: tuple[str, ...]) -> None:
        """No ledger is kept."""

    def stop(self, deadline_s: float) -> None:
        """Nothing to flush."""

    def totals(self) -> LedgerRow:
        """Everything offered was dropped, as asked."""
        return LedgerRow("", "", 0, 0, 0, self.offered, 0, 0, self.offered, 0, 0, ())


class Sink:
    """Where every event of a worker goes. `boot` is in microseconds since 1970."""

    __slots__ = ("boot", "seq", "tally", "worker", "writer")

    def __init__(self, writer: Writer, worker: str, boot: int) -> None:
        self.writer = writer
        self.worker = worker
        self.boot = boot
        self.seq = 0
        self.tally = Tally()

    def next_seq(self) -> int:
        """The number of the next request of this (worker, boot), from 1."""
        self.seq += 1
        return self.seq

    def offer(self, row: EventRow) -> None:
        """Take one event row, in the order of COLUMNS."""
        self.tally.count(row)
        self.writer.offer(row)
