"""The counters add up at any instant, outlive their process, and belong to one owner."""

from pathlib import Path

import pytest

from tests.warehouse.event_rows import row
from warehouse.batches import Assembly, Batch, Origin
from warehouse.ledger import CLOSED, Cell, create_ledger, memory_ledger, open_orphan, open_orphans

ORIGIN = Origin("t", "w/1", 7)
NOON = 1_764_000_000.0


def a_batch(rows: int = 3) -> Batch:
    assembly = Assembly(ORIGIN, 100)
    assembly.add([row("t", seq, ended_at=NOON, interim=1) for seq in range(9, 9 + rows)])
    assembly.close()
    return assembly.take()[0]


def test_what_is_offered_and_not_counted_elsewhere_is_buffered() -> None:
    ledger = memory_ledger(ORIGIN)
    for cell, rows in [
        (Cell.OFFERED, 100), (Cell.OVERFLOWED, 1), (Cell.STORED, 20), (Cell.DISCARDED, 2),
        (Cell.WRITTEN, 30), (Cell.DRAINED, 5), (Cell.TORN, 4), (Cell.BOOKED, 3),
    ]:  # fmt: skip
        ledger.add(cell, rows)
    found = ledger.row(5)
    assert (found.stored, found.spooled, found.dropped) == (25, 21, 10)
    assert found.offered == found.stored + found.spooled + found.dropped + found.buffered == 100
    assert (found.tenant, found.worker, found.boot, found.written_at) == ("t", "w/1", 7, 5)


def test_a_ledger_with_an_owner_cannot_be_taken(tmp_path: Path) -> None:
    ledger = create_ledger(ORIGIN, tmp_path)
    assert list(open_orphans(tmp_path)) == []
    ledger.close()
    (orphan,) = open_orphans(tmp_path)
    assert orphan.origin == ORIGIN
    orphan.close()


def test_what_died_with_the_process_is_booked_once(tmp_path: Path) -> None:
    ledger = create_ledger(ORIGIN, tmp_path)
    ledger.add(Cell.OFFERED, 10)
    ledger.add(Cell.STORED, 4)
    ledger.close()
    (orphan,) = open_orphans(tmp_path)
    assert (orphan.book(), orphan.book()) == (6, 0)
    found = orphan.row(0)
    assert (found.dropped, found.buffered, found.through) == (6, 0, CLOSED)
    orphan.close(delete=True)
    assert list(tmp_path.iterdir()) == []


def test_the_batch_on_its_way_at_a_crash_is_known(tmp_path: Path) -> None:
    ledger = create_ledger(ORIGIN, tmp_path)
    ledger.add(Cell.OFFERED, 3)
    batch = a_batch()
    ledger.begin(batch)
    ledger.close()
    (orphan,) = open_orphans(tmp_path)
    orphan.book()
    tried = orphan.tried()
    assert tried is not None
    assert (tried.token, tried.rows, tried.mark) == (batch.token, batch.rows, batch.mark)
    orphan.unbook(tried)
    assert (orphan.row(0).stored, orphan.row(0).dropped) == (3, 0)
    assert orphan.tried() is None
    orphan.close()


@pytest.mark.parametrize("cell", [Cell.STORED, Cell.WRITTEN])
def test_a_batch_that_was_counted_is_not_on_its_way(cell: Cell) -> None:
    ledger = memory_ledger(ORIGIN)
    ledger.begin(a_batch())
    ledger.add(cell, 3)
    assert ledger.tried() is None


def test_the_counters_can_be_read_after_the_file_is_closed(tmp_path: Path) -> None:
    ledger = create_ledger(ORIGIN, tmp_path)
    ledger.add(Cell.OFFERED, 2)
    ledger.close(delete=True)
    ledger.cells[Cell.OFFERED] += 1
    assert ledger.row(0).offered == 3


def test_a_file_that_is_no_ledger_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.ledger").write_bytes(b"x" * 4096)
    (tmp_path / "b.ledger").write_bytes(b"")
    (tmp_path / "c.ledger").mkdir()
    assert list(open_orphans(tmp_path)) == []
    assert open_orphan(tmp_path / "none.ledger") is None
    assert len(list(tmp_path.iterdir())) == 3


def test_a_ledger_takes_its_place_on_disk_at_once(tmp_path: Path) -> None:
    ledger = create_ledger(ORIGIN, tmp_path / "new")
    assert ledger.path is not None
    assert ledger.path.stat().st_blocks > 0
    (tmp_path / "new" / "w%2F1-7.new").touch()
    with pytest.raises(FileExistsError):
        create_ledger(ORIGIN, tmp_path / "new")
    ledger.close()
