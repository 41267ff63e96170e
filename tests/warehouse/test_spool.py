"""The spool gives back what it took, in order, and counts what it cannot."""

from pathlib import Path

import pytest

from tests.warehouse.event_rows import row
from warehouse.batches import Assembly, Batch, Origin
from warehouse.ledger import Cell, Ledger, memory_ledger
from warehouse.spool import HEADER, Spool, last_row, to_frame

ORIGIN = Origin("t", "w1", 7)
NOON = 1_764_000_000.0
PLENTY = 1 << 20


def some_batches(count: int) -> list[Batch]:
    assembly = Assembly(ORIGIN, 2)
    for seq in range(count):
        assembly.add([row("t", 2 * seq, ended_at=NOON), row("t", 2 * seq + 1, ended_at=NOON)])
    return assembly.take()


def filled(directory: Path, batches: list[Batch], *, max_bytes: int = PLENTY) -> tuple[Ledger, Spool]:
    ledger = memory_ledger(ORIGIN)
    ledger.add(Cell.OFFERED, sum(batch.rows for batch in batches))
    spool = Spool(ledger, directory, max_bytes)
    assert all(spool.append(batch) for batch in batches)
    return ledger, spool


def drained(spool: Spool) -> list[Batch]:
    found = []
    while (batch := spool.head()) is not None:
        found.append(batch)
        spool.pop(stored=True)
    return found


def segments(directory: Path) -> list[Path]:
    return sorted(directory.glob("*.spool"))


def test_batches_come_back_in_order_and_the_files_go(tmp_path: Path) -> None:
    batches = some_batches(20)
    ledger, spool = filled(tmp_path, batches, max_bytes=64_000)
    assert ledger.row(0).spooled == 40
    assert len(segments(tmp_path)) > 1
    assert drained(spool) == batches
    assert ledger.row(0).stored == 40
    assert segments(tmp_path) == []


def test_appending_goes_on_while_the_spool_is_drained(tmp_path: Path) -> None:
    first, second, third = some_batches(3)
    _, spool = filled(tmp_path, [first, second])
    assert spool.head() == first
    spool.pop(stored=True)
    assert spool.append(third)
    assert drained(spool) == [second, third]


def test_a_later_spool_goes_on_where_the_first_one_stopped(tmp_path: Path) -> None:
    batches = some_batches(6)
    ledger, spool = filled(tmp_path, batches)
    spool.head()
    spool.pop(stored=True)
    later = Spool(ledger, tmp_path, PLENTY)
    assert drained(later) == batches[1:]


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    batches = some_batches(2)
    ledger = memory_ledger(ORIGIN)
    spool = Spool(ledger, tmp_path, len(to_frame(batches[0], 0)) + 1)
    assert [spool.append(batch) for batch in batches] == [True, False]
    assert drained(spool) == batches[:1]


def test_a_directory_that_cannot_be_written_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spool = Spool(memory_ledger(ORIGIN), tmp_path / "file" / "below", PLENTY)
    assert not spool.append(some_batches(1)[0])
    assert spool.head() is None


def test_a_full_disk_refuses_and_the_next_frame_is_whole(tmp_path: Path) -> None:
    first, second, third = some_batches(3)
    ledger, _ = filled(tmp_path, [first])
    (segment,) = segments(tmp_path)
    # What a full disk leaves: a frame that ends early, written by an append that then failed.
    with segment.open("ab") as tail:
        tail.write(to_frame(second, 2)[:50])
    later = Spool(ledger, tmp_path, PLENTY)
    assert later.append(third)
    assert drained(later) == [first, third]
    assert ledger.row(0).dropped == 0


@pytest.mark.parametrize("cut", [1, 30, HEADER.size + 5])
def test_a_torn_tail_is_counted(tmp_path: Path, cut: int) -> None:
    batches = some_batches(3)
    ledger, spool = filled(tmp_path, batches)
    (segment,) = segments(tmp_path)
    frame = len(to_frame(batches[2], 4))
    segment.write_bytes(segment.read_bytes()[: -frame + cut])
    assert drained(spool) == batches[:2]
    assert (ledger.row(0).stored, ledger.row(0).dropped, ledger.row(0).spooled) == (4, 2, 0)


def test_a_flipped_byte_costs_its_segment_and_no_other(tmp_path: Path) -> None:
    batches = some_batches(20)
    ledger, spool = filled(tmp_path, batches, max_bytes=64_000)
    first = segments(tmp_path)[0]
    content = bytearray(first.read_bytes())
    content[len(to_frame(batches[0], 0)) + 100] ^= 1
    first.write_bytes(content)
    found = drained(spool)
    assert found[0] == batches[0]
    assert found[1:] == batches[-len(found) + 1 :]
    assert 2 < len(found) < 20
    entry = ledger.row(0)
    assert entry.stored + entry.dropped == 40
    assert (entry.spooled, entry.buffered) == (0, 0)


def test_a_lost_segment_is_counted(tmp_path: Path) -> None:
    batches = some_batches(20)
    ledger, spool = filled(tmp_path, batches, max_bytes=64_000)
    segments(tmp_path)[1].unlink()
    found = drained(spool)
    assert ledger.row(0).stored == 2 * len(found) < 40
    assert ledger.row(0).stored + ledger.row(0).dropped == 40


def test_frames_that_a_crash_left_uncounted_are_counted(tmp_path: Path) -> None:
    batches = some_batches(3)
    ledger, _ = filled(tmp_path, batches)
    ledger.cells[Cell.WRITTEN] = 4
    later = Spool(ledger, tmp_path, PLENTY)
    later.recount()
    assert ledger.row(0).spooled == 6
    assert drained(later) == batches


def test_a_batch_that_will_never_be_stored_is_dropped(tmp_path: Path) -> None:
    ledger, spool = filled(tmp_path, some_batches(1))
    spool.head()
    spool.pop(stored=False)
    spool.pop(stored=False)
    assert (ledger.row(0).dropped, ledger.row(0).spooled) == (2, 0)


def test_segments_of_another_boot_are_not_touched(tmp_path: Path) -> None:
    filled(tmp_path, some_batches(1))
    other = Spool(memory_ledger(Origin("t", "w1", 8)), tmp_path, PLENTY)
    other.delete()
    assert other.head() is None
    (segment,) = segments(tmp_path)
    assert last_row(segment) == 2
