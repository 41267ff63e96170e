"""The writer's face to the event loop: it takes rows, bounds them, and never raises."""

from pathlib import Path

import pytest

from kernel.events import EventRow
from tests.warehouse.event_rows import row
from warehouse.batches import Origin
from warehouse.flusher import Flusher
from warehouse.ledger import open_orphans
from warehouse.writer import EventWriter, WriterSettings, book_lost

ORIGIN = Origin("t", "w1", 7)
NOON = 1_764_000_000.0
# Nobody listens on port 1.
NOWHERE = "http://127.0.0.1:1"


def a_row(seq: int) -> EventRow:
    return row("t", seq, ended_at=NOON)


def writer_at(directory: Path, *, url: str | None = NOWHERE, buffer_rows: int = 100) -> EventWriter:
    return EventWriter(ORIGIN, WriterSettings(url, directory, buffer_rows=buffer_rows), lambda: NOON)


def test_an_overflow_is_dropped_and_counted(tmp_path: Path) -> None:
    writer = writer_at(tmp_path, buffer_rows=3)
    for seq in range(5):
        writer.offer(a_row(seq))
    totals = writer.totals()
    assert (totals.offered, totals.buffered, totals.dropped) == (5, 3, 2)
    writer.stop(0)


def test_a_stopped_writer_has_spooled_what_it_could_not_store(tmp_path: Path) -> None:
    writer = writer_at(tmp_path)
    writer.start()
    for seq in range(5):
        writer.offer(a_row(seq))
    writer.stop(5)
    totals = writer.totals()
    assert (totals.offered, totals.spooled, totals.dropped, totals.buffered) == (5, 5, 0, 0)
    assert writer.failures == 0
    assert len(list(tmp_path.glob("*.spool"))) == 1


def test_rows_that_come_after_the_stop_are_dropped_and_counted(tmp_path: Path) -> None:
    writer = writer_at(tmp_path)
    writer.start()
    writer.stop(5)
    writer.offer(a_row(1))
    assert writer.totals().dropped == 1


def test_without_a_warehouse_nothing_touches_the_disk(tmp_path: Path) -> None:
    writer = writer_at(tmp_path, url=None)
    writer.start()
    writer.offer(a_row(1))
    writer.stop(5)
    assert writer.totals().dropped == 1
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_costs_only_telemetry(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    writer = writer_at(tmp_path / "file" / "below")
    writer.start()
    writer.offer(a_row(1))
    writer.stop(5)
    assert (writer.totals().dropped, writer.failures) == (1, 0)


def test_a_writer_that_never_started_leaves_its_rows_to_be_booked(tmp_path: Path) -> None:
    writer = writer_at(tmp_path)
    writer.offer(a_row(1))
    writer.stop(0)
    assert book_lost(tmp_path) == 1


def test_what_is_noted_is_told(tmp_path: Path) -> None:
    writer = writer_at(tmp_path)
    writer.note(3, ("10.0.0.1",))
    assert (writer.totals().open_requests, writer.totals().slow_clients) == (3, ("10.0.0.1",))
    writer.stop(0)


def test_a_bug_in_the_thread_costs_rows_and_not_the_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(flusher: Flusher) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(Flusher, "finish", broken)
    writer = writer_at(tmp_path)
    writer.start()
    writer.stop(5)
    assert writer.failures == 1
    (orphan,) = open_orphans(tmp_path)
    assert orphan.row(0).buffered == 0
    orphan.close()
