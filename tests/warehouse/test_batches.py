"""Rows become batches: whole, of one day, without the rows that no column can hold."""

import pytest

from kernel.events import COLUMNS, EventRow
from tests.warehouse.event_rows import row
from warehouse.batches import Assembly, Batch, Origin, encode_rows

ORIGIN = Origin("t", "w1", 7)
NOON = 1_764_000_000.0
DAY_S = 86_400


def batches_of(rows: list[EventRow], *, batch_rows: int = 100) -> tuple[list[Batch], int]:
    assembly = Assembly(ORIGIN, batch_rows)
    for each in rows:
        assembly.add([each])
    assembly.close()
    return assembly.take(), assembly.refused


def test_a_batch_closes_when_it_is_full_and_the_token_names_its_first_row() -> None:
    batches, refused = batches_of([row("t", seq, ended_at=NOON) for seq in range(250)])
    assert [batch.rows for batch in batches] == [100, 100, 50]
    assert [batch.token for batch in batches] == ["w1-7-1", "w1-7-101", "w1-7-201"]
    assert not refused


def test_an_interim_row_and_its_final_row_give_different_tokens() -> None:
    interim = row("t", 5, ended_at=NOON, interim=1)
    final = row("t", 5, ended_at=NOON + 20)
    batches, _ = batches_of([interim, final], batch_rows=1)
    assert len({batch.token for batch in batches}) == 2
    assert [batch.mark.interim for batch in batches] == [1, 0]


def test_a_batch_holds_rows_of_one_day() -> None:
    days = [NOON, NOON, NOON + DAY_S, NOON + DAY_S]
    assembly = Assembly(ORIGIN, 100)
    assembly.add([row("t", seq, ended_at=day) for seq, day in enumerate(days)])
    assembly.close()
    assert [batch.rows for batch in assembly.take()] == [2, 2]


def test_an_unwritable_row_is_refused_alone() -> None:
    bad = row("t", 3, ended_at=NOON, client_ip="")
    rows = [row("t", 1, ended_at=NOON), row("t", 2, ended_at=NOON), bad, row("t", 4, ended_at=NOON)]
    assembly = Assembly(ORIGIN, 100)
    assembly.add(rows)
    assembly.close()
    (batch,) = assembly.take()
    assert (batch.rows, assembly.refused) == (3, 1)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param((1, 2), id="short"),
        pytest.param((*row("t", 1, ended_at=NOON), 1), id="long"),
        pytest.param(row("t", 1, ended_at=NOON, status=None), id="none"),
        pytest.param(row("t", 1, ended_at=NOON, status=70_000), id="out of range"),
        pytest.param(row("t", 1, ended_at=NOON, user_agent="\udc80"), id="no text"),
        pytest.param(tuple(None for _ in COLUMNS), id="nothing"),
    ],
)
def test_whatever_a_row_holds_costs_that_row_only(bad: EventRow) -> None:
    good = row("t", 2, ended_at=NOON)
    batches, refused = batches_of([bad, good])
    assert ([batch.rows for batch in batches], refused) == ([1], 1)


def test_what_was_abandoned_is_not_taken() -> None:
    assembly = Assembly(ORIGIN, 1)
    assembly.add([row("t", 1, ended_at=NOON)])
    assembly.abandon()
    assembly.close()
    assert assembly.take() == []


def test_a_row_takes_fewer_than_400_bytes() -> None:
    rows = [row("t", seq, ended_at=NOON) for seq in range(250)]
    assert len(encode_rows(rows)) / 250 < 400
