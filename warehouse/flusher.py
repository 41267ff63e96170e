"""From the buffer to the warehouse: what happens to rows, one step at a time and without a thread.

    buffer -> assembly (encoded) -> outbox -> warehouse
                                           -> spool -> warehouse     (the warehouse is away)
                                           -> dropped, counted       (the spool is full too)

The order below is the accounting: a ledger row goes out after the batches that it vouches for, and a batch
leaves memory after it is counted.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from kernel.events import EventRow, LedgerRow
from warehouse.adoption import Orphan, adopt
from warehouse.batches import BLOCK_ROWS, Assembly, Batch
from warehouse.delivery import Undelivered
from warehouse.ledger import CLOSED, Cell, Ledger
from warehouse.spool import Spool

log = logging.getLogger(__name__)

# Rows that wait as tuples before they are encoded (about 1 KB each before, 140 bytes after).
TAKE_ROWS = 2000
# An event is offered within microseconds of its end; this covers a thread switch in between.
THROUGH_MARGIN_S = 0.05
AFTER_SECOND_S = 0.01
# How long batches wait in memory for a warehouse that is away or slow: a restart is not worth late rows.
PATIENCE_S = 3.0
OUTBOX_BYTES = 16 << 20
FIRST_DELAY_S = 0.1
LAST_DELAY_S = 2.0
# The warehouse remembers the tokens of its last inserts; past this age a batch is looked up first.
TOKEN_AGE_S = 60.0
# Longest stretch of draining, in which fresh rows wait.
DRAIN_S = 0.25
ADOPT_EVERY_S = 5.0
# For the last ledger row, past the deadline.
LAST_WORD_S = 0.5
# A spooled batch that the warehouse refuses this often, while it takes others, is dropped.
REFUSALS_MAX = 5


class WriterSettings(msgspec.Struct, frozen=True):
    """`url` None: no warehouse, every event is counted as dropped."""

    url: str | None
    directory: Path
    flush_ms: int = 1000
    batch_rows: int = 10_000
    buffer_rows: int = 200_000
    spool_max_bytes: int = 256 << 20
    pace: float = 1.0  # how much faster than time the events' clock runs (replay of a log)


class Warehouse(Protocol):
    """What the flusher needs, see `delivery.Delivery`. Every method may raise Undelivered."""

    def store(self, batch: Batch) -> None: ...
    def holds(self, batch: Batch) -> bool: ...
    def store_ledger(self, rows: Sequence[LedgerRow]) -> None: ...


class Clocks(NamedTuple):
    """Two clocks: events and ledger rows are stamped by one, waiting is measured by the other."""

    wall: Callable[[], float]  # unix seconds; may be set, and runs faster in a replay
    steady: Callable[[], float]  # seconds since any time


class Backoff:
    """When to try again: 0.1 s after the first failure, doubling up to 2 s."""

    def __init__(self) -> None:
        self.since: float | None = None  # first failure of the present row of failures
        self._until = 0.0
        self._delay_s = FIRST_DELAY_S

    def allows(self, now: float) -> bool:
        """Whether a try may be made."""
        return self.since is None or now >= self._until

    def fail(self, now: float) -> None:
        """A try failed."""
        self.since = now if self.since is None else self.since
        self._until = now + self._delay_s
        self._delay_s = min(self._delay_s * 2, LAST_DELAY_S)

    def succeed(self) -> None:
        """A try succeeded."""
        self.since = None
        self._delay_s = FIRST_DELAY_S


class Flusher:
    """Owns everything behind the buffer. One thread calls `step` often and `finish` once."""

    def __init__(
        self,
        ledger: Ledger,
        settings: WriterSettings,
        clocks: Clocks,
        *,
        warehouse: Warehouse | None,
        pause: Callable[[], None],
    ) -> None:
        self.rows: deque[EventRow] = deque()  # the buffer
        self.deadline = float("inf")  # by the steady clock: no answer is waited for any longer
        self.open_requests = 0
        self.slow_clients: tuple[str, ...] = ()
        self._ledger = ledger
        self._settings = settings
        self._clock = clocks.steady
        self._wall = clocks.wall
        self._pause = pause
        self._warehouse = warehouse
        self._spool = Spool(ledger, settings.directory, settings.spool_max_bytes)
        self._assembly = Assembly(ledger.origin, settings.batch_rows)
        self._outbox: deque[tuple[float, Batch]] = deque()  # (when it was closed, batch)
        self._outbox_bytes = 0
        self._backoff = Backoff()
        self._drain_backoff = Backoff()
        self._refusals = 0  # of the batch that is drained, while fresh ones were taken
        self._refused_at_stored = -1  # rows stored at the last refusal
        self._first_try: tuple[str, float] | None = None  # token and time of a batch that was sent
        self._uncertain: set[str] = set()  # tokens of spooled batches of this boot that were sent before
        self._flush_at = clocks.steady() + settings.flush_ms / 1000
        self._adopted_at = float("-inf")
        # (what `through` becomes, rows taken by then), each once the outbox has passed these rows.
        self._cuts: deque[tuple[int, int]] = deque()
        self._ledger_due = False
        self._orphans: list[Orphan] = []

    def step(self) -> bool:
        """Take, deliver, spool, drain, vouch. True where there is more to do at once."""
        now = self._clock()
        self._take(now, flush=now >= self._flush_at)
        went = self._deliver_one()
        self._make_room()
        self._adopt(now)
        self._drain()
        self._vouch()
        return went and bool(self._outbox)

    def finish(self) -> bool:
        """The last step: all is stored or spooled, the ledger closed. True where nothing is left here."""
        self._take(self._clock(), flush=True)
        self._backoff.succeed()  # one more try, whatever was before
        while self._clock() < self.deadline and self._deliver_one():
            pass
        self._spool_all()
        self._cuts.append((CLOSED, 0))
        self.deadline = max(self.deadline, self._clock() + LAST_WORD_S)
        self._vouch()
        for orphan in self._orphans:
            orphan.close()
        return not self._ledger_due and self._ledger.spooled == 0

    def meanwhile(self) -> bool:
        """While the warehouse keeps this thread waiting, go on encoding. False when the time is up."""
        if len(self.rows) >= TAKE_ROWS and self._outbox_bytes < OUTBOX_BYTES:
            self._encode()
        return self._clock() < self.deadline

    def abandon(self) -> None:
        """After an unforeseen failure: whatever was in the flusher's hands is counted as dropped."""
        self._assembly.abandon()
        self._outbox.clear()
        self._outbox_bytes = 0
        self._ledger.end()
        # Rows still in the buffer are not lost. (The event loop may offer meanwhile: a row may be missed.)
        held = self._ledger.row(0).buffered - len(self.rows)
        self._ledger.add(Cell.DISCARDED, max(0, held))

    def _take(self, now: float, *, flush: bool) -> None:
        """Encode what is in the buffer, on a flush or when it is worth it."""
        if not flush and len(self.rows) < TAKE_ROWS:
            return
        cut = round((self._wall() - THROUGH_MARGIN_S * self._settings.pace) * 1e6)
        self._encode()
        if flush:
            self._assembly.close()
            self._fill_outbox()
            self._flush_at = now + self._until_flush_s()
            self._cuts.append((cut, self._assembly.ordinal))
            self._ledger_due = True

    def _until_flush_s(self) -> float:
        """Seconds until the next flush. One that comes each second comes just after the wall clock's
        second is over, so that its window is whole at once (this took up to a second off each finding)."""
        every_s = self._settings.flush_ms / 1000
        if every_s != 1.0 or self._settings.pace != 1.0:
            return every_s
        return every_s + AFTER_SECOND_S - (self._wall() - THROUGH_MARGIN_S) % 1.0

    def _encode(self) -> None:
        """Encode the rows that are in the buffer now."""
        count = len(self.rows)
        refused = self._assembly.refused
        for first in range(0, count, BLOCK_ROWS):
            # Few at a time: to free 10,000 rows takes 10 ms, in which the event loop would stand still.
            self._assembly.add([self.rows.popleft() for _ in range(min(BLOCK_ROWS, count - first))])
            self._pause()
        self._ledger.add(Cell.DISCARDED, self._assembly.refused - refused)
        self._fill_outbox()

    def _fill_outbox(self) -> None:
        now = self._clock()
        for batch in self._assembly.take():
            self._outbox.append((now, batch))
            self._outbox_bytes += len(batch.body)

    def _leave_outbox(self) -> None:
        """The oldest batch is counted elsewhere."""
        self._ledger.end()
        _, batch = self._outbox.popleft()
        self._outbox_bytes -= len(batch.body)

    def _deliver_one(self) -> bool:
        """Send the oldest batch; False where there is none or the warehouse does not take it now.

        One a step, so that a slow warehouse holds up neither the ledger row nor the spool.
        """
        if not self._outbox or self._warehouse is None or not self._backoff.allows(self._clock()):
            return False
        batch = self._outbox[0][1]
        if not self._store(self._warehouse, batch):
            return False
        self._ledger.add(Cell.STORED, batch.rows)
        self._leave_outbox()
        return True

    def _store(self, warehouse: Warehouse, batch: Batch) -> bool:
        """One try. A batch that may be stored, and whose token may be forgotten, is looked up first."""
        now = self._clock()
        if self._first_try is None or self._first_try[0] != batch.token:
            self._first_try = (batch.token, now)
        try:
            if now - self._first_try[1] < TOKEN_AGE_S or not warehouse.holds(batch):
                self._ledger.begin(batch)
                warehouse.store(batch)
        except Undelivered as failure:
            self._failed(failure)
            return False
        self._succeeded()
        return True

    def _succeeded(self) -> None:
        if self._backoff.since is not None:
            log.warning("telemetry: the warehouse takes events again; %d are spooled", self._ledger.spooled)
        self._backoff.succeed()

    def _failed(self, failure: Undelivered) -> None:
        if self._backoff.since is None:
            log.warning("telemetry: the warehouse does not take events: %s", failure)
        self._backoff.fail(self._clock())

    def _make_room(self) -> None:
        """Spool the outbox where the warehouse is away, a batch waits too long, or there are too many."""
        if not self._outbox:
            return
        now, since = self._clock(), self._backoff.since
        waited = now - (self._outbox[0][0] if since is None else min(since, self._outbox[0][0]))
        if self._warehouse is None or waited > PATIENCE_S or self._outbox_bytes > OUTBOX_BYTES:
            self._spool_all()

    def _spool_all(self) -> None:
        while self._outbox:
            batch = self._outbox[0][1]
            if self._warehouse is None or not self._spool.append(batch):
                self._ledger.add(Cell.DISCARDED, batch.rows)
            elif self._first_try is not None and self._first_try[0] == batch.token:
                self._uncertain.add(batch.token)
            self._leave_outbox()

    def _adopt(self, now: float) -> None:
        if self._warehouse is None or now - self._adopted_at < ADOPT_EVERY_S:
            return
        self._adopted_at = now
        for orphan in adopt(self._settings.directory, self._settings.spool_max_bytes):
            if orphan.booked:
                # Booked, not yet asked for: an insert may have arrived unanswered, see _settle.
                log.warning(
                    "telemetry: up to %d events of %s are lost, less those found stored",
                    orphan.booked,
                    orphan.ledger.origin,
                )
            self._orphans.append(orphan)

    def _drain(self) -> None:
        """Send spooled batches, own ones first, for a while."""
        if self._warehouse is None or self._outbox:
            return
        deadline = self._clock() + DRAIN_S
        self._drain_spool(self._warehouse, self._spool, deadline)
        for orphan in tuple(self._orphans):
            if self._settle(self._warehouse, orphan, deadline):
                orphan.close()
                self._orphans.remove(orphan)

    def _settle(self, warehouse: Warehouse, orphan: Orphan, deadline: float) -> bool:
        """Tell an orphan's ledger and drain its spool; True when it is done."""
        if not self._may_drain(deadline):
            return False
        ledger, before = orphan.ledger, orphan.ledger.cursor
        try:
            tried = ledger.tried()
            if tried is not None and warehouse.holds(tried):
                ledger.unbook(tried)
            ledger.end()
            if not orphan.told:
                warehouse.store_ledger([ledger.row(round(self._wall() * 1e6))])
                orphan.told = True
        except Undelivered as failure:
            self._failed(failure)
            return False
        self._drain_spool(warehouse, orphan.spool, deadline)
        orphan.told = orphan.told and ledger.cursor == before
        return orphan.is_settled

    def _may_drain(self, deadline: float) -> bool:
        now = self._clock()
        return now < deadline and self._backoff.allows(now) and self._drain_backoff.allows(now)

    def _drain_spool(self, warehouse: Warehouse, spool: Spool, deadline: float) -> None:
        """Spooled batches that were sent before, by this boot or an earlier one, are looked up first."""
        while self._may_drain(deadline):
            batch = spool.head()
            if batch is None:
                return
            try:
                is_new = spool is self._spool and batch.token not in self._uncertain
                if is_new or not warehouse.holds(batch):
                    self._uncertain.add(batch.token)
                    warehouse.store(batch)
            except Undelivered as failure:
                self._drain_failed(failure, spool, batch)
                return
            self._drained(spool, batch, stored=True)
            self._succeeded()
            self._drain_backoff.succeed()

    def _drained(self, spool: Spool, batch: Batch, *, stored: bool) -> None:
        spool.pop(stored=stored)
        self._uncertain.discard(batch.token)
        self._refusals, self._refused_at_stored = 0, -1

    def _drain_failed(self, failure: Undelivered, spool: Spool, batch: Batch) -> None:
        """A refusal of one batch does not hold up fresh ones; a warehouse that is away does."""
        if not failure.answered or self._backoff.since is not None:
            self._failed(failure)
            return
        self._drain_backoff.fail(self._clock())
        stored = self._ledger.cells[Cell.STORED]
        self._refusals += self._refused_at_stored not in (-1, stored)
        self._refused_at_stored = stored
        if self._refusals >= REFUSALS_MAX:
            log.warning("telemetry: a spooled batch is refused for good: %s", failure)
            self._drained(spool, batch, stored=False)

    def _vouch(self) -> None:
        """Move `through` past what is accounted for, and write the ledger row."""
        cells = self._ledger.cells
        while self._cuts and (not self._outbox or self._outbox[0][1].ordinal >= self._cuts[0][1]):
            cells[Cell.THROUGH] = max(cells[Cell.THROUGH], self._cuts.popleft()[0])
        if not self._ledger_due or self._warehouse is None or not self._backoff.allows(self._clock()):
            return
        row = self._ledger.row(
            round(self._wall() * 1e6), open_requests=self.open_requests, slow_clients=self.slow_clients
        )
        try:
            self._warehouse.store_ledger([row])
        except Undelivered as failure:
            self._failed(failure)
            return
        self._ledger_due = False
        if not self._outbox:
            self._succeeded()
