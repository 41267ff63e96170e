"""The benchmark's rows are rows that the warehouse takes."""

from kernel.events import COLUMNS, NAMES
from lab.bench.rows import IDENTITIES, ROUTES, event_rows
from warehouse.batches import encode_rows

START_US = 4_000_000_000_000_000


def test_rows_fit_their_columns() -> None:
    rows = list(event_rows(500, start_us=START_US, rate=1000, seed=1))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert encode_rows(rows)


def test_rows_are_reproducible_and_spread_over_routes_and_identities() -> None:
    rows = list(event_rows(20_000, start_us=START_US, rate=1000, seed=1))
    assert rows == list(event_rows(20_000, start_us=START_US, rate=1000, seed=1))
    assert len({row[NAMES.index("route")] for row in rows}) == ROUTES
    assert IDENTITIES / 5 < len({row[NAMES.index("identity")] for row in rows}) <= IDENTITIES


def test_time_goes_on_at_the_rate_that_was_asked_for() -> None:
    ended = [row[NAMES.index("ended_at")] for row in event_rows(3, start_us=START_US, rate=1000, seed=1)]
    assert ended == [START_US, START_US + 1000, START_US + 2000]
