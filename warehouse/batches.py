"""Rows -> Native blocks: what is sent, retried and spooled is bytes, encoded once.

A row as a tuple takes about 1 KB of memory, encoded about 140 bytes, so that a backlog is kept encoded.
The encoder is the one behind `clickhouse-connect`'s `native_codec="rust"`; it holds the GIL, so a block is
short and the flusher pauses between blocks. `kernel.events.Column` says which Python value a type takes.
"""

from collections.abc import Sequence
from typing import cast

import msgspec
from _ch_core import encode_native_block

from kernel.events import COLUMNS, NAMES, TYPES, EventRow, LedgerRow

# One block holds the GIL for about 1 ms: the longest that the event loop waits for the encoder.
BLOCK_ROWS = 250
DAY_US = 86_400_000_000
SEQ = NAMES.index("seq")
INTERIM = NAMES.index("interim")
STARTED_AT = NAMES.index("started_at")
ENDED_AT = NAMES.index("ended_at")
LEDGER_NAMES: tuple[str, ...] = LedgerRow._fields
LEDGER_TYPES: tuple[str, ...] = (
    "LowCardinality(String)",
    "LowCardinality(String)",
    "UInt64",
    "DateTime64(6, 'UTC')",
    "DateTime64(6, 'UTC')",
    "UInt64",
    "UInt64",
    "UInt64",
    "UInt64",
    "UInt64",
    "UInt32",
    "Array(String)",
)


class Origin(msgspec.Struct, frozen=True):
    """Whose events: one start (`boot`, microseconds since 1970) of one worker of a tenant."""

    tenant: str
    worker: str
    boot: int


class Mark(msgspec.Struct, frozen=True):
    """The first row of a batch. A batch is stored whole or not at all, so this row tells whether it is."""

    seq: int
    interim: int
    started_at: int
    ended_at: int


class Batch(msgspec.Struct, frozen=True):
    """Rows of one day (so that they make one part) as they are sent.

    `ordinal` is the number of its first row among all that the worker offered since boot. It names the
    batch: unlike `seq` it is unique, since an interim row has the seq of its request's final row.
    """

    origin: Origin
    ordinal: int
    rows: int
    mark: Mark
    body: bytes

    @property
    def token(self) -> str:
        """Deduplication token: the same for each try to store this batch."""
        return f"{self.origin.worker}-{self.origin.boot}-{self.ordinal}"


def to_mark(row: EventRow) -> Mark:
    """Key of one encoded row (its values are integers, else the encoder had refused it)."""
    seq, interim, started_at, ended_at = (cast(int, row[at]) for at in (SEQ, INTERIM, STARTED_AT, ENDED_AT))
    return Mark(seq, interim, started_at, ended_at)


def encode_rows(rows: Sequence[EventRow]) -> bytes:
    """One Native block. ValueError, TypeError or OverflowError where a value does not fit its column."""
    columns = list(zip(*rows, strict=True))
    if len(columns) != len(COLUMNS):
        raise ValueError(f"a row has {len(columns)} values, not {len(COLUMNS)}")
    return bytes(encode_native_block(list(NAMES), list(TYPES), columns, len(rows), b""))


def encode_ledger(rows: Sequence[LedgerRow]) -> bytes:
    """One Native block of ledger rows."""
    columns = list(zip(*rows, strict=True))
    return bytes(encode_native_block(list(LEDGER_NAMES), list(LEDGER_TYPES), columns, len(rows), b""))


class Assembly:
    """The batch under construction, as encoded blocks; full ones and the end of a day close it."""

    def __init__(self, origin: Origin, batch_rows: int) -> None:
        self.refused = 0  # rows that no column can hold
        self._origin = origin
        self._batch_rows = batch_rows
        self.ordinal = 1  # of the next row
        self._closed: list[Batch] = []
        self._clear()

    @property
    def rows(self) -> int:
        """Rows in the open batch."""
        return self._rows

    def add(self, rows: Sequence[EventRow]) -> None:
        """Encode rows (a block of at most BLOCK_ROWS) in the order in which they were offered."""
        if rows:
            self._add_block(rows)
        if self._rows >= self._batch_rows:
            self.close()

    def close(self) -> None:
        """End the open batch, where it has rows."""
        if self._mark is not None:
            first = self._first
            self._closed.append(Batch(self._origin, first, self._rows, self._mark, b"".join(self._blocks)))
        self._clear()

    def take(self) -> list[Batch]:
        """Batches closed since the last call, oldest first."""
        closed, self._closed = self._closed, []
        return closed

    def abandon(self) -> None:
        """Forget all rows that were not taken."""
        self._closed = []
        self._clear()

    def _clear(self) -> None:
        self._blocks: list[bytes] = []
        self._rows = 0
        self._first = 0
        self._day = 0
        self._mark: Mark | None = None

    def _add_block(self, rows: Sequence[EventRow]) -> None:
        """Encode a block; where that fails, halve it until the unwritable row stands alone."""
        try:
            days = {cast(int, row[ENDED_AT]) // DAY_US for row in rows}
            block = encode_rows(rows) if len(days) == 1 else b""
        except (ValueError, TypeError, OverflowError, IndexError):
            if len(rows) == 1:
                self.refused += 1
                self.ordinal += 1
                return
            block = b""
        if not block:
            half = len(rows) // 2
            self._add_block(rows[:half])
            self._add_block(rows[half:])
            return
        self._append(block, rows, days.pop())

    def _append(self, block: bytes, rows: Sequence[EventRow], day: int) -> None:
        if self._mark is not None and day != self._day:
            self.close()
        if self._mark is None:
            self._mark = to_mark(rows[0])
            self._first = self.ordinal
            self._day = day
        self._blocks.append(block)
        self._rows += len(rows)
        self.ordinal += len(rows)
