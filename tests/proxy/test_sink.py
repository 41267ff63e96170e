"""The sink: numbers, counts, and hands on."""

from kernel.events import OTHER, EventRow
from proxy.sink import MAX_CELLS, Cell, NoWarehouse, Sink, Tally
from tests.proxy.around import row


class Kept(NoWarehouse):
    """A writer that keeps its rows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[EventRow] = []

    def offer(self, row: EventRow) -> None:
        self.rows.append(row)


def test_requests_are_numbered_from_one() -> None:
    sink = Sink(NoWarehouse(), "w", 1)
    assert [sink.next_seq() for _ in range(3)] == [1, 2, 3]


def test_every_row_goes_to_the_writer_and_final_ones_are_counted() -> None:
    writer = Kept()
    sink = Sink(writer, "w", 1)
    rows = [row(), row(interim=1), row(status=503, outcome="upstream_reset", duration_us=20_000)]
    for each in rows:
        sink.offer(each)
    assert writer.rows == rows
    assert sink.tally.cells == {
        Cell("orders", "GET", 2, "completed", 0): [1, 1_000],
        Cell("orders", "GET", 5, "upstream_reset", 2): [1, 20_000],
    }


def test_a_duration_on_a_bound_belongs_to_that_bucket() -> None:
    tally = Tally()
    for duration_us in (5_000, 5_001, 10_000_000, 10_000_001):
        tally.count(row(duration_us=duration_us))
    assert sorted(cell.bucket for cell in tally.cells) == [0, 1, 13, 14]


def test_the_tally_is_bounded() -> None:
    tally = Tally()
    for number in range(MAX_CELLS + 50):
        tally.count(row(route=f"r{number}"))
    assert len(tally.cells) == MAX_CELLS + 1
    assert tally.cells[Cell(OTHER, "GET", 2, "completed", 0)][0] == 50


def test_without_a_warehouse_events_count_as_dropped() -> None:
    writer = NoWarehouse()
    sink = Sink(writer, "w", 1)
    sink.offer(row())
    writer.stop(0.0)
    totals = writer.totals()
    assert (totals.offered, totals.dropped, totals.stored) == (1, 1, 0)
