"""The ledger of one boot of a worker: counters in a memory-mapped file, which outlive a `kill -9`.

The law of this file: offered = stored + spooled + dropped + buffered at any instant, and no event is in two
of them. `buffered` is never written: it is what the others leave, so that whatever died with the process is
in it. Moves between two of them are one write of one cell (a spooled row that is stored moves by the cell
`DRAINED`, which counts for both). A lock on the file is held while its owner lives, and the kernel drops it
with the process: a ledger that can be locked has no owner and may be settled and adopted.
"""

import enum
import fcntl
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from kernel.events import LedgerRow
from warehouse.batches import Batch, Mark, Origin

SUFFIX = ".ledger"
FILE_BYTES: Final = 4096
CELLS_AT: Final = 2048
MAGIC: Final = b"tidegate-ledger-1\n"
# `through` of a boot that is over: nothing of it can come later. (2200-01-01, microseconds since 1970.)
CLOSED: Final = 7_258_118_400_000_000


class Cell(enum.IntEnum):
    """Counters since boot, 8 bytes each. The event loop writes the first two, the thread the rest."""

    OFFERED = 0
    OVERFLOWED = 1  # dropped because the buffer was full
    STORED = 2  # stored without passing the spool
    DISCARDED = 3  # dropped: spool full, row unwritable, batch refused for good
    WRITTEN = 4  # ever appended to the spool
    DRAINED = 5  # of these, stored; with TORN the cursor of the drain
    TORN = 6  # of these, unreadable: dropped
    BOOKED = 7  # died with the process: dropped
    THROUGH = 8
    TRIED_ROWS = 9  # the batch that was sent and not yet answered; 0 where none
    TRIED_BASIS = 10  # STORED + WRITTEN when it was sent
    TRIED_SEQ = 11
    TRIED_INTERIM = 12
    TRIED_STARTED_AT = 13
    TRIED_ENDED_AT = 14
    TRIED_ORDINAL = 15


def file_stem(origin: Origin) -> str:
    """Start of the names of this boot's files."""
    return f"{quote(origin.worker, safe='')}-{origin.boot}"


class Ledger:
    """The counters of one boot, in a locked file or, where the disk allows none, in memory."""

    def __init__(self, origin: Origin, memory: "mmap.mmap | bytearray", descriptor: int, path: Path | None):
        self.origin = origin
        self.path = path
        self._memory = memory
        self._descriptor = descriptor
        self._view = memoryview(memory)[CELLS_AT:]
        self.cells = self._view.cast("Q")

    def add(self, cell: Cell, rows: int) -> None:
        """Count rows in a cell."""
        self.cells[cell] += rows

    @property
    def spooled(self) -> int:
        """Rows in the spool."""
        return self.cells[Cell.WRITTEN] - self.cursor

    @property
    def cursor(self) -> int:
        """Rows of the spool that the drain has passed."""
        return self.cells[Cell.DRAINED] + self.cells[Cell.TORN]

    def begin(self, batch: Batch) -> None:
        """Note a batch that is about to be sent, for whoever settles after a crash."""
        cells, mark = self.cells, batch.mark
        cells[Cell.TRIED_ROWS] = 0
        cells[Cell.TRIED_BASIS] = cells[Cell.STORED] + cells[Cell.WRITTEN]
        cells[Cell.TRIED_SEQ] = mark.seq
        cells[Cell.TRIED_INTERIM] = mark.interim
        cells[Cell.TRIED_STARTED_AT] = mark.started_at
        cells[Cell.TRIED_ENDED_AT] = mark.ended_at
        cells[Cell.TRIED_ORDINAL] = batch.ordinal
        cells[Cell.TRIED_ROWS] = batch.rows

    def end(self) -> None:
        """The batch that was sent is counted."""
        self.cells[Cell.TRIED_ROWS] = 0

    def tried(self) -> Batch | None:
        """The batch (without its body) whose fate the process took with it; None where it was counted."""
        cells = self.cells
        rows = cells[Cell.TRIED_ROWS]
        if rows == 0 or cells[Cell.TRIED_BASIS] != cells[Cell.STORED] + cells[Cell.WRITTEN]:
            return None
        mark = Mark(
            seq=cells[Cell.TRIED_SEQ],
            interim=cells[Cell.TRIED_INTERIM],
            started_at=cells[Cell.TRIED_STARTED_AT],
            ended_at=cells[Cell.TRIED_ENDED_AT],
        )
        return Batch(self.origin, cells[Cell.TRIED_ORDINAL], rows, mark, b"")

    def book(self) -> int:
        """Count what died with the process as dropped; the owner is gone. Rows booked."""
        lost = self.row(0).buffered
        self.add(Cell.BOOKED, lost)
        self.cells[Cell.THROUGH] = CLOSED
        return lost

    def unbook(self, batch: Batch) -> None:
        """A batch that was booked as lost is in the warehouse after all."""
        rows = min(batch.rows, self.cells[Cell.BOOKED])
        self.cells[Cell.BOOKED] -= rows
        self.cells[Cell.STORED] += rows
        self.end()

    def row(
        self, written_at: int, *, open_requests: int = 0, slow_clients: tuple[str, ...] = ()
    ) -> LedgerRow:
        """The counters now. Safe beside the owner's threads: OFFERED is read last, so nothing is negative."""
        cells = self.cells
        drained, torn = cells[Cell.DRAINED], cells[Cell.TORN]
        spooled = cells[Cell.WRITTEN] - drained - torn
        stored = cells[Cell.STORED] + drained
        dropped = cells[Cell.OVERFLOWED] + cells[Cell.DISCARDED] + torn + cells[Cell.BOOKED]
        offered = max(cells[Cell.OFFERED], stored + spooled + dropped)
        return LedgerRow(
            tenant=self.origin.tenant,
            worker=self.origin.worker,
            boot=self.origin.boot,
            through=cells[Cell.THROUGH],
            written_at=written_at,
            offered=offered,
            stored=stored,
            spooled=spooled,
            dropped=dropped,
            buffered=offered - stored - spooled - dropped,
            open_requests=open_requests,
            slow_clients=slow_clients,
        )

    def close(self, *, delete: bool = False) -> None:
        """Give the lock back; `delete` where nothing is left to tell."""
        frozen = bytearray(self._memory)
        self.cells.release()
        self._view.release()
        if isinstance(self._memory, mmap.mmap):
            self._memory.close()
        if delete and self.path is not None:
            self.path.unlink(missing_ok=True)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        # Late readers (`totals`) see the last counters.
        self._memory, self._descriptor = frozen, -1
        self._view = memoryview(frozen)[CELLS_AT:]
        self.cells = self._view.cast("Q")


def create_ledger(origin: Origin, directory: Path) -> Ledger:
    """A fresh, locked ledger. OSError where the disk allows none.

    The zeros are written, not left sparse: a store to a hole of a full disk kills the process (SIGBUS).
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{file_stem(origin)}{SUFFIX}"
    unnamed = path.with_suffix(".new")  # takes its name once it is locked: nobody can adopt it in between
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        head = MAGIC + msgspec.json.encode(origin) + b"\n"
        if os.write(descriptor, head.ljust(FILE_BYTES, b"\0")) != FILE_BYTES:
            raise OSError(f"{path}: could not be written whole")
        os.posix_fallocate(descriptor, 0, FILE_BYTES)
        memory = mmap.mmap(descriptor, FILE_BYTES)
        unnamed.rename(path)
    except OSError:
        unnamed.unlink(missing_ok=True)
        os.close(descriptor)
        raise
    return Ledger(origin, memory, descriptor, path)


def memory_ledger(origin: Origin) -> Ledger:
    """A ledger that does not outlive its process."""
    return Ledger(origin, bytearray(FILE_BYTES), -1, None)


def open_orphans(directory: Path) -> Iterator[Ledger]:
    """The ledgers in a directory whose owners are gone, each locked; the caller closes them."""
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        ledger = open_orphan(path)
        if ledger is not None:
            yield ledger


def open_orphan(path: Path) -> Ledger | None:
    """A ledger without an owner, locked; None where it has one, is gone, or is no ledger."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        head = os.pread(descriptor, FILE_BYTES, 0)
        if len(head) != FILE_BYTES or not head.startswith(MAGIC) or os.fstat(descriptor).st_nlink == 0:
            raise ValueError(f"{path}: not a ledger")
        line = head[len(MAGIC) : head.index(b"\n", len(MAGIC))]
        return Ledger(
            msgspec.json.decode(line, type=Origin), mmap.mmap(descriptor, FILE_BYTES), descriptor, path
        )
    except (OSError, ValueError):  # BlockingIOError: its owner lives
        os.close(descriptor)
        return None
