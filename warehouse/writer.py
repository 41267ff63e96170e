"""The telemetry writer of one proxy worker: a bounded buffer and the thread that empties it.

Telemetry may be lost, and counted; it never fails or delays a request.
"""

import logging
import operator
import threading
import time
from collections.abc import Callable

from kernel.boundary import contain
from kernel.events import EventRow, LedgerRow
from warehouse.adoption import book_lost
from warehouse.batches import Origin
from warehouse.delivery import Delivery
from warehouse.flusher import Clocks, Flusher, WriterSettings
from warehouse.ledger import Cell, Ledger, create_ledger, memory_ledger

__all__ = ["EventWriter", "Origin", "WriterSettings", "book_lost"]

log = logging.getLogger(__name__)

POLL_S = 0.05
# Between blocks the encoder lets the event loop have the GIL. (A sleep of 0 would take it back at once.)
PAUSE_S = 0.0002
# An enum member costs 60 ns more than a number as an index.
OFFERED = int(Cell.OFFERED)
OVERFLOWED = int(Cell.OVERFLOWED)


class EventWriter:
    """Takes rows from the event loop and has them stored, spooled or counted as dropped."""

    def __init__(self, origin: Origin, settings: WriterSettings, clock: Callable[[], float]) -> None:
        self.failures = 0  # bugs that the thread survived
        self._clock = clock
        self._ledger = open_ledger(origin, settings)
        self._cells = self._ledger.cells
        self._delivery = None if settings.url is None else Delivery(settings.url)
        clocks = Clocks(wall=clock, steady=time.monotonic)
        self._flusher = Flusher(self._ledger, settings, clocks, warehouse=self._delivery, pause=pause)
        if self._delivery is not None:
            self._delivery.meanwhile = self._flusher.meanwhile
        self._rows = self._flusher.rows
        self._buffer_rows = settings.buffer_rows
        self._stopping = threading.Event()
        self._settled = False
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def offer(self, row: EventRow) -> None:
        """Take a row, or drop and count it. For the event loop's thread; never raises, never waits."""
        self._cells[OFFERED] += 1
        if len(self._rows) >= self._buffer_rows:
            self._cells[OVERFLOWED] += 1
            return
        self._rows.append(row)

    def note(self, open_requests: int, slow_clients: tuple[str, ...]) -> None:
        """What the next ledger row says of exchanges that go on."""
        self._flusher.open_requests = open_requests
        self._flusher.slow_clients = slow_clients

    def stop(self, deadline_s: float) -> None:
        """Store or spool everything within about `deadline_s`, write the last ledger row, end the thread.

        An insert that is not answered by then is spooled, and looked up by the next boot. Rows that are
        offered later are dropped and counted.
        """
        self._buffer_rows = 0
        self._flusher.deadline = time.monotonic() + deadline_s
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(deadline_s + 1.0)
        if self._thread.is_alive():
            log.warning("telemetry: the writer did not end in time")
            return
        self._ledger.close(delete=self._settled)
        self._cells = self._ledger.cells

    def totals(self) -> LedgerRow:
        """The ledger now, for metrics."""
        return self._ledger.row(
            round(self._clock() * 1e6),
            open_requests=self._flusher.open_requests,
            slow_clients=self._flusher.slow_clients,
        )

    def _run(self) -> None:
        busy = False
        while not self._stopping.wait(0 if busy else POLL_S):
            busy = self._guarded(self._flusher.step)
        self._settled = self._guarded(self._flusher.finish)
        if self._delivery is not None:
            self._delivery.close()

    def _guarded(self, work: Callable[[], bool]) -> bool:
        """The worker loop: a bug costs the rows in hand, which are counted, not the thread."""
        return bool(contain(operator.call, work, self._crashed))

    def _crashed(self, bug: Exception) -> None:
        self.failures += 1
        log.error("telemetry: a bug in the writer", exc_info=bug)
        self._flusher.abandon()


def pause() -> None:
    """Let the event loop run."""
    time.sleep(PAUSE_S)


def open_ledger(origin: Origin, settings: WriterSettings) -> Ledger:
    """The boot's ledger file, or one in memory where there is no warehouse or the disk allows no file."""
    if settings.url is None:
        return memory_ledger(origin)
    try:
        return create_ledger(origin, settings.directory)
    except OSError as failure:
        log.warning("telemetry: no ledger file, a crash will not be booked: %s", failure)
        return memory_ledger(origin)
