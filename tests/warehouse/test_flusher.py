"""Rows reach the warehouse once, or the spool, or the count of the dropped ones; the ledger vouches after."""

from pathlib import Path

import pytest

from kernel.events import LedgerRow
from tests.warehouse.event_rows import row
from tests.warehouse.fake_warehouse import FakeWarehouse
from warehouse.batches import Origin
from warehouse.flusher import (
    ADOPT_EVERY_S,
    PATIENCE_S,
    REFUSALS_MAX,
    TAKE_ROWS,
    TOKEN_AGE_S,
    Clocks,
    Flusher,
    WriterSettings,
)
from warehouse.ledger import CLOSED, Cell, Ledger, create_ledger, memory_ledger

NOON = 1_764_000_000.0
ORIGIN = Origin("t", "w1", 7)


class Bench:
    """A flusher whose clocks, disk and warehouse the test holds."""

    def __init__(self, directory: Path, *, ledger: Ledger | None = None, **settings: int) -> None:
        self.now = 100.0
        self.offset = NOON
        self.seq = 0
        self.warehouse = FakeWarehouse()
        self.ledger = ledger or memory_ledger(ORIGIN)
        self.settings = WriterSettings("http://x", directory, **settings)
        self.flusher = self.build(self.warehouse)

    def build(self, warehouse: FakeWarehouse | None) -> Flusher:
        clocks = Clocks(wall=lambda: self.offset + self.now, steady=lambda: self.now)
        return Flusher(self.ledger, self.settings, clocks, warehouse=warehouse, pause=lambda: None)

    def offer(self, rows: int) -> None:
        for _ in range(rows):
            self.seq += 1
            self.ledger.add(Cell.OFFERED, 1)
            self.flusher.rows.append(row("t", self.seq, ended_at=self.offset + self.now))

    def seconds(self, count: int, *, rows: int = 0) -> None:
        for _ in range(count):
            self.offer(rows)
            self.now += 1
            while self.flusher.step():
                pass
            entry = self.totals
            assert entry.offered == entry.stored + entry.spooled + entry.dropped + entry.buffered

    @property
    def totals(self) -> LedgerRow:
        return self.ledger.row(0)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_rows_are_stored_each_second_and_the_ledger_follows(bench: Bench) -> None:
    bench.seconds(1, rows=3)
    assert bench.warehouse.calls == ["store w1-7-1", "ledger"]
    (entry,) = bench.warehouse.ledger
    assert (entry.offered, entry.stored, entry.buffered) == (3, 3, 0)
    assert NOON + 100.9 < entry.through / 1e6 < NOON + 101


@pytest.mark.parametrize("offset", [NOON + 0.02, NOON + 0.3, NOON + 0.97])
def test_a_flush_comes_as_soon_as_the_wall_clocks_second_is_over(bench: Bench, offset: float) -> None:
    bench.offset = offset
    bench.seconds(1)
    for _ in range(60):
        bench.now += 0.05  # as often as the writer's thread looks
        bench.flusher.step()
    ages = [entry.through / 1e6 % 1.0 for entry in bench.warehouse.ledger[1:]]
    assert len(ages) == 3
    assert all(0.0 < age < 0.07 for age in ages)


def test_a_ledger_row_goes_out_each_second_without_traffic(bench: Bench) -> None:
    bench.flusher.open_requests, bench.flusher.slow_clients = 4, ("10.0.0.9",)
    bench.seconds(3)
    assert len(bench.warehouse.ledger) == 3
    assert len({entry.through for entry in bench.warehouse.ledger}) == 3
    assert bench.warehouse.ledger[-1].open_requests == 4
    assert bench.warehouse.ledger[-1].slow_clients == ("10.0.0.9",)


def test_many_rows_do_not_wait_for_the_second(tmp_path: Path) -> None:
    bench = Bench(tmp_path, batch_rows=TAKE_ROWS)
    bench.offer(TAKE_ROWS)
    bench.now += 0.05
    bench.flusher.step()
    assert bench.totals.stored == TAKE_ROWS
    assert bench.warehouse.ledger == []


def test_a_short_absence_spools_nothing_and_repeats_the_same_batch(bench: Bench) -> None:
    bench.warehouse.is_up = False
    bench.seconds(2, rows=5)
    assert (bench.totals.buffered, bench.totals.spooled) == (10, 0)
    assert bench.warehouse.calls.count("store w1-7-1") == 2
    bench.warehouse.is_up = True
    bench.seconds(1)
    assert bench.warehouse.stored == {"w1-7-1": 5, "w1-7-6": 5}


def test_an_answer_that_was_lost_doubles_nothing(bench: Bench) -> None:
    bench.warehouse.loses_answers = True
    bench.seconds(1, rows=5)
    bench.warehouse.loses_answers = False
    bench.seconds(2)
    assert bench.totals.stored == bench.warehouse.rows == 5


def test_a_long_absence_is_spooled_and_drained_before_the_ledger_row(bench: Bench) -> None:
    bench.warehouse.is_up = False
    bench.seconds(10, rows=5)
    assert bench.totals.spooled == 50
    bench.warehouse.is_up = True
    bench.warehouse.calls.clear()
    bench.seconds(3)
    assert (bench.totals.stored, bench.totals.spooled, bench.warehouse.rows) == (50, 0, 50)
    assert bench.warehouse.calls[0].startswith("holds")
    assert [entry.stored for entry in bench.warehouse.ledger] == [50] * len(bench.warehouse.ledger)


def test_a_spooled_batch_that_is_stored_already_is_not_sent_again(bench: Bench) -> None:
    bench.warehouse.loses_answers = True
    bench.seconds(int(PATIENCE_S) + 3, rows=5)
    stored = dict(bench.warehouse.stored)
    bench.warehouse.loses_answers = False
    bench.warehouse.calls.clear()
    bench.seconds(3)
    assert "w1-7-1" in stored
    assert "store w1-7-1" not in bench.warehouse.calls
    assert bench.totals.stored == bench.warehouse.rows == bench.totals.offered


def test_a_batch_whose_token_may_be_forgotten_is_looked_up(bench: Bench) -> None:
    bench.warehouse.loses_answers = True
    bench.seconds(1, rows=5)
    bench.warehouse.loses_answers = False
    bench.warehouse.calls.clear()
    bench.now += TOKEN_AGE_S + 1
    bench.flusher.step()
    assert bench.warehouse.calls[0] == "holds w1-7-1"
    assert "store w1-7-1" not in bench.warehouse.calls


def test_through_does_not_pass_a_batch_that_waits(bench: Bench) -> None:
    bench.seconds(1, rows=5)
    through = bench.totals.through
    bench.warehouse.is_up = False
    bench.seconds(2, rows=5)
    assert bench.totals.through == through
    bench.seconds(3, rows=5)
    assert bench.totals.spooled > 0
    assert bench.totals.through > through


def test_through_never_goes_back_with_the_clock(bench: Bench) -> None:
    bench.seconds(2, rows=1)
    through = bench.totals.through
    bench.offset -= 3600
    bench.seconds(2, rows=1)
    assert bench.totals.through == through
    assert bench.totals.stored == 4


def test_a_full_spool_drops_and_counts(tmp_path: Path) -> None:
    bench = Bench(tmp_path, spool_max_bytes=10_000)
    bench.warehouse.is_up = False
    bench.seconds(20, rows=5)
    assert bench.totals.dropped > 0
    assert bench.totals.spooled > 0
    bench.warehouse.is_up = True
    bench.seconds(5)
    assert bench.totals.stored == bench.warehouse.rows
    assert bench.totals.stored + bench.totals.dropped == 100


def test_without_a_warehouse_every_row_is_dropped_and_counted(bench: Bench) -> None:
    bench.flusher = bench.build(None)
    bench.seconds(2, rows=5)
    assert bench.totals.dropped == 10
    assert bench.flusher.finish() is False


def test_a_batch_that_is_refused_for_good_holds_up_no_other(bench: Bench) -> None:
    bench.warehouse.refuses = {"w1-7-1"}
    bench.seconds(60 + 4 * REFUSALS_MAX, rows=5)
    assert (bench.totals.dropped, bench.totals.spooled) == (5, 0)
    assert bench.totals.stored == bench.totals.offered - 5


def test_a_refusal_of_everything_drops_nothing(bench: Bench) -> None:
    """As while the tables are not there yet."""
    bench.warehouse.refuses = {f"w1-7-{first}" for first in range(1, 200)}
    bench.seconds(30, rows=5)
    assert (bench.totals.stored, bench.totals.dropped) == (0, 0)
    bench.warehouse.refuses = set()
    bench.seconds(10)
    assert bench.totals.stored == 150


def test_the_last_step_stores_everything_and_closes_the_ledger(bench: Bench) -> None:
    bench.offer(7)
    assert bench.flusher.finish()
    assert bench.totals.stored == 7
    assert bench.warehouse.ledger[-1].through == CLOSED


def test_the_last_step_spools_what_the_warehouse_does_not_take(bench: Bench) -> None:
    bench.warehouse.is_up = False
    bench.offer(7)
    assert not bench.flusher.finish()
    assert (bench.totals.spooled, bench.totals.buffered, bench.totals.through) == (7, 0, CLOSED)


def test_the_next_boot_drains_what_the_last_one_spooled(tmp_path: Path) -> None:
    first = Bench(tmp_path, ledger=create_ledger(ORIGIN, tmp_path))
    first.warehouse.is_up = False
    first.offer(7)
    first.flusher.finish()
    first.ledger.close()
    second = Bench(tmp_path, ledger=create_ledger(Origin("t", "w1", 8), tmp_path))
    second.seconds(int(ADOPT_EVERY_S) + 2)
    assert second.warehouse.stored == {"w1-7-1": 7}
    last = [entry for entry in second.warehouse.ledger if entry.boot == 7][-1]
    assert (last.stored, last.spooled, last.dropped, last.through) == (7, 0, 0, CLOSED)
    assert [path.name for path in tmp_path.iterdir()] == ["w1-8.ledger"]
    second.ledger.close()


@pytest.mark.parametrize("arrived", [True, False])
def test_the_next_boot_looks_up_the_batch_on_its_way_at_the_crash(tmp_path: Path, arrived: bool) -> None:
    first = Bench(tmp_path, ledger=create_ledger(ORIGIN, tmp_path))
    first.warehouse.loses_answers = arrived
    first.warehouse.is_up = False
    first.seconds(1, rows=5)
    first.offer(2)
    first.ledger.close()  # as the kernel does for a killed process
    second = Bench(tmp_path, ledger=create_ledger(Origin("t", "w1", 8), tmp_path))
    second.warehouse.stored = dict(first.warehouse.stored)
    second.seconds(int(ADOPT_EVERY_S) + 2)
    last = [entry for entry in second.warehouse.ledger if entry.boot == 7][-1]
    assert (last.stored, last.dropped) == ((5, 2) if arrived else (0, 7))
    second.ledger.close()


def test_what_a_bug_cost_is_counted(bench: Bench) -> None:
    bench.warehouse.is_up = False
    bench.seconds(1, rows=5)
    bench.offer(2)
    bench.flusher.abandon()
    assert (bench.totals.dropped, bench.totals.buffered) == (5, 2)
    bench.warehouse.is_up = True
    bench.seconds(3)
    assert bench.totals.stored == 2
