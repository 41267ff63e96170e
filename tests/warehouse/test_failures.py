"""Failures of the warehouse, in one line."""

import logging

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from warehouse.client import connect
from warehouse.failures import LONGEST_REASON, hush_clients, to_line

NOWHERE = "http://127.0.0.1:9"


def test_a_warehouse_that_is_away_is_told_in_a_few_words() -> None:
    with pytest.raises(ClickHouseError) as caught:
        connect(NOWHERE)
    assert to_line(caught.value) == "the warehouse does not answer (connection refused)"


def test_a_failure_that_it_answers_with_has_no_url_and_no_stack() -> None:
    failure = DatabaseError(
        f"Code: 60. DB::Exception: no table (for url {NOWHERE}/?query_id=" + "x" * 900 + ")\nStack trace:\n1",
        code=60,
    )
    assert to_line(failure) == "the warehouse answers with a failure (Code: 60. DB::Exception: no table)"
    assert len(to_line(DatabaseError("y" * 2_000))) < LONGEST_REASON + 50


def test_the_clients_own_log_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    hush_clients()
    logging.getLogger("clickhouse_connect.driver.httpclient").error("Unexpected Http Driver Exception")
    assert not caplog.records
