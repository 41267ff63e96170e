"""Answers as columns and as lines."""

import pytest
from clickhouse_connect.driver.client import Client

from dashboards.asking import Columns, Series, ask_sql, to_series


def test_times_are_seconds_and_arrays_are_text(client: Client) -> None:
    found = ask_sql(
        client, "SELECT toDateTime64(1.5, 3, 'UTC') AS time, 'a%b{c}' AS name, [1, 2] AS many, NULL AS none"
    )
    assert found == Columns(("time", "name", "many", "none"), ((1.5,), ("a%b{c}",), ("1, 2",), (None,)))
    assert found.rows == 1
    with pytest.raises(KeyError):
        found.of("other")


def test_a_column_each_is_a_line_each() -> None:
    found = to_series(Columns(("time", "a", "b"), ((1.0, 2.0), (3, 4), (5, 6))))
    assert found == Series((1.0, 2.0), ("a", "b"), ((3.0, 4.0), (5.0, 6.0)))


def test_a_text_column_names_the_lines_and_gaps_are_none() -> None:
    columns = Columns(("time", "route", "rate"), ((1.0, 1.0, 2.0), ("a", "b", "b"), (7, 8, 9)))
    assert to_series(columns) == Series((1.0, 2.0), ("a", "b"), ((7.0, None), (8.0, 9.0)))


def test_no_row_is_no_line(client: Client) -> None:
    nothing = ask_sql(client, "SELECT now() AS time, 1 AS a WHERE 0")
    assert nothing.rows == 0
    assert to_series(nothing) == Series((), (), ())
