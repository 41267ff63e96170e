import logging

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.telling import Outage, in_words, moment
from warehouse.client import connect

NOWHERE = "http://127.0.0.1:9"


def no_answer() -> Exception:
    with pytest.raises(ClickHouseError) as caught:
        connect(NOWHERE)
    return caught.value


def test_an_outage_is_two_lines_of_log_however_long_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tidegate.analytics")
    outage, failure = Outage(), no_answer()
    outage.is_over()
    for _ in range(5):
        outage.goes_on(failure)
    outage.is_over()
    outage.is_over()
    assert [record.message for record in caplog.records if record.name == "tidegate.analytics"] == [
        "the warehouse does not answer (connection refused); tried again",
        "the warehouse is back, after 5 tries",
    ]


def test_a_time_is_told_in_utc_and_counts_in_words() -> None:
    assert moment(0.0) == "1970-01-01 00:00:00"
    assert in_words({"ticks": 1, "failed": 0, "findings": 1, "ahead": 2, "late": 1}) == (
        "1 tick (0 failed); 1 finding written; 1 row came late, 2 were ahead of the clock"
    )
