"""A dead boot's losses are booked, and its files stay until somebody settles them."""

from pathlib import Path

from tests.warehouse.event_rows import row
from warehouse.adoption import adopt, book_lost
from warehouse.batches import Assembly, Origin
from warehouse.ledger import Cell, create_ledger
from warehouse.spool import Spool

ORIGIN = Origin("t", "w1", 7)


def leave_behind(directory: Path, *, offered: int, spooled: int) -> None:
    """What a killed worker leaves."""
    ledger = create_ledger(ORIGIN, directory)
    ledger.add(Cell.OFFERED, offered)
    assembly = Assembly(ORIGIN, spooled)
    assembly.add([row("t", seq, ended_at=1_764_000_000.0) for seq in range(spooled)])
    assert all(Spool(ledger, directory, 1 << 20).append(batch) for batch in assembly.take())
    ledger.close()


def test_what_was_in_the_buffer_is_lost_and_what_was_spooled_is_not(tmp_path: Path) -> None:
    leave_behind(tmp_path, offered=10, spooled=4)
    assert book_lost(tmp_path) == 6
    assert book_lost(tmp_path) == 0
    (orphan,) = adopt(tmp_path, 1 << 20)
    entry = orphan.ledger.row(0)
    assert (entry.offered, entry.spooled, entry.dropped, entry.buffered) == (10, 4, 6, 0)
    orphan.close()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_living_worker_is_left_alone(tmp_path: Path) -> None:
    ledger = create_ledger(ORIGIN, tmp_path)
    ledger.add(Cell.OFFERED, 5)
    assert book_lost(tmp_path) == 0
    assert ledger.row(0).buffered == 5
    ledger.close()


def test_a_directory_that_is_not_there_has_lost_nothing(tmp_path: Path) -> None:
    assert book_lost(tmp_path / "none") == 0


def test_a_settled_orphan_leaves_no_file(tmp_path: Path) -> None:
    leave_behind(tmp_path, offered=4, spooled=4)
    (orphan,) = adopt(tmp_path, 1 << 20)
    assert orphan.spool.head() is not None
    orphan.spool.pop(stored=True)
    orphan.told = True
    orphan.close()
    assert list(tmp_path.iterdir()) == []
