"""The spool of one boot of a worker: encoded batches on disk while the warehouse does not take them.

Append-only segments; each frame is a header with a checksum, then the Native bytes. Frames are numbered by
the rows before them, so that the drain's cursor is a count of rows (in the ledger, one write moves it) and
a gap shows. Rows that cannot be read back are counted as dropped. No fsync: a killed process loses nothing,
a power cut may tear the tail, and that is counted too.
"""

import os
import struct
import zlib
from pathlib import Path

from warehouse.batches import Batch, Mark
from warehouse.ledger import Cell, Ledger, file_stem

SUFFIX = ".spool"
SEGMENT_BYTES = 8 << 20
MAGIC = 0x7464_7370
# magic, crc32 of the rest, length of the body, rows, rows before, ordinal, mark: seq, interim, started, ended
HEADER = struct.Struct("<IIIIQQQIQQ")
CHECKED_FROM = 8


class Spool:
    """First in, first out. Every method but `append` expects a readable directory and copes without one."""

    def __init__(self, ledger: Ledger, directory: Path, max_bytes: int) -> None:
        self._ledger = ledger
        self._directory = directory
        self._max_bytes = max_bytes
        self._segment_bytes = max(1, min(SEGMENT_BYTES, max_bytes // 4))
        self._stem = file_stem(ledger.origin)
        self._tail: Path | None = None  # the segment that grows
        self._offset = 0  # where in the oldest segment the drain reads next
        self._head: Batch | None = None
        self._sizes = {path: path.stat().st_size for path in self._find()}

    @property
    def size_bytes(self) -> int:
        """Bytes on disk."""
        return sum(self._sizes.values())

    def append(self, batch: Batch) -> bool:
        """Write a batch behind the others and count it; False where the spool or its disk is full."""
        frame = to_frame(batch, self._ledger.cells[Cell.WRITTEN])
        if self.size_bytes + len(frame) > self._max_bytes or not self._write(frame):
            return False
        self._ledger.add(Cell.WRITTEN, batch.rows)
        return True

    def head(self) -> Batch | None:
        """The oldest batch that is not drained; None where there is none or the disk cannot be read now."""
        while self._head is None and self._ledger.spooled > 0:
            if not self._sizes:
                self._ledger.add(Cell.TORN, self._ledger.spooled)
            elif not self._read_next(next(iter(self._sizes))):
                return None
        return self._head

    def pop(self, *, stored: bool) -> None:
        """The head is in the warehouse (or will never be); its segment goes with its last frame."""
        if self._head is None:
            return
        self._ledger.add(Cell.DRAINED if stored else Cell.TORN, self._head.rows)
        self._head = None
        if self._ledger.spooled == 0:
            self.delete()

    def delete(self) -> None:
        """Remove every segment."""
        for path in tuple(self._sizes):
            self._remove(path)

    def recount(self) -> None:
        """Count frames that were written and not counted, as a crash leaves them. For orphans."""
        for path in reversed(tuple(self._sizes)):
            end = last_row(path)
            if end is not None:
                missing = end - self._ledger.cells[Cell.WRITTEN]
                self._ledger.add(Cell.WRITTEN, max(0, missing))
                return

    def _find(self) -> list[Path]:
        try:
            found = [path for path in self._directory.iterdir() if path.suffix == SUFFIX]
        except OSError:
            return []
        return sorted(path for path in found if path.name.rsplit(".", 2)[0] == self._stem)

    def _write(self, frame: bytes) -> bool:
        """Append to the growing segment. What a full disk leaves half-written is cut off again."""
        path = self._tail
        if path is None or self._sizes.get(path, 0) + len(frame) > self._segment_bytes:
            path = self._directory / f"{self._stem}.{self._next_number():08d}{SUFFIX}"
        size = self._sizes.get(path, 0)
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            done = os.write(descriptor, frame)
            if done != len(frame):
                os.ftruncate(descriptor, size)
                return False
        except OSError:
            self._tail = None  # whatever stands there now, the next frame begins a segment
            return False
        finally:
            os.close(descriptor)
        self._tail = path
        self._sizes[path] = size + len(frame)
        return True

    def _next_number(self) -> int:
        newest = next(reversed(self._sizes), None)
        return 1 if newest is None else int(newest.name.rsplit(".", 2)[1]) + 1

    def _read_next(self, path: Path) -> bool:
        """Read the frame at the offset, or leave its segment behind. False where the disk refuses for now."""
        try:
            found = read_frame(path, self._offset, self._ledger)
        except FileNotFoundError:
            found = None
        except OSError:  # no descriptor left, say: nothing is wrong with the segment
            return False
        if found is None:
            self._remove(path)
            return True
        batch, before, self._offset = found
        gap = before - self._ledger.cursor
        if gap > 0:
            self._ledger.add(Cell.TORN, gap)
        if gap >= 0:
            self._head = batch
        return True

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._sizes.pop(path, None)
        self._offset = 0
        if path == self._tail:
            self._tail = None


def to_frame(batch: Batch, before: int) -> bytes:
    """A batch as it stands on disk."""
    mark = batch.mark
    checked = HEADER.pack(
        MAGIC, 0, len(batch.body), batch.rows, before, batch.ordinal,
        mark.seq, mark.interim, mark.started_at, mark.ended_at,
    )[CHECKED_FROM:]  # fmt: skip
    crc = zlib.crc32(batch.body, zlib.crc32(checked))
    return struct.pack("<II", MAGIC, crc) + checked + batch.body


def read_frame(path: Path, offset: int, ledger: Ledger) -> tuple[Batch, int, int] | None:
    """(batch, rows before it, offset behind it); None at the end and at a torn tail. OSError."""
    with path.open("rb") as segment:
        segment.seek(offset)
        header = segment.read(HEADER.size)
        if len(header) < HEADER.size:
            return None
        magic, crc, length, rows, before, ordinal, *mark = HEADER.unpack(header)
        body = segment.read(length) if magic == MAGIC else b""
    if magic != MAGIC or len(body) != length:
        return None
    if zlib.crc32(body, zlib.crc32(header[CHECKED_FROM:])) != crc:
        return None
    return Batch(ledger.origin, ordinal, rows, Mark(*mark), body), before, offset + HEADER.size + length


def last_row(path: Path) -> int | None:
    """Rows up to the end of a segment's last whole frame; None where it has none."""
    end = None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    offset = 0
    while offset + HEADER.size <= len(content):
        magic, crc, length, rows, before, *_ = HEADER.unpack_from(content, offset)
        stop = offset + HEADER.size + length
        if magic != MAGIC or zlib.crc32(content[offset + CHECKED_FROM : stop]) != crc or stop > len(content):
            break
        end = before + rows
        offset = stop
    return end
