"""What an inserting process sends."""

from lab.bench.insert import BATCH, made_batches

START_US = 4_000_000_000_000_000


def test_batches_are_whole_and_bear_tokens_of_their_own() -> None:
    batches = made_batches(2, 3, START_US)
    assert [batch.rows for batch in batches] == [BATCH, BATCH]
    assert len({batch.token for batch in batches}) == 2
