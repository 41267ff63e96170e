"""The clock and the history of the tick's benchmark."""

from clickhouse_connect.driver.client import Client

from lab.bench.insert import MICROSECONDS
from lab.bench.tick import History, Moment, fill

UNTIL_US = 4_000_000_000 * MICROSECONDS


def test_the_clock_moves_only_when_it_is_told() -> None:
    moment = Moment(100.0)
    assert moment.read() == moment.read() == 100.0
    moment.move(1.5)
    assert moment.read() == 101.5


def test_the_history_is_as_long_and_as_wide_as_asked(fresh_database: Client) -> None:
    fill(fresh_database, History(rows=5_000, span_s=600, until_us=UNTIL_US))
    question = "SELECT count(), uniqExact(route), max(ended_at) - min(ended_at) FROM requests"
    rows, routes, span_s = next(iter(fresh_database.query(question).result_rows))
    assert rows == 5_000
    assert routes == 200
    assert 590 < span_s <= 600
