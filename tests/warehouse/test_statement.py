"""The outline of a statement: what may hold any text is skipped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.statement import identifier, outline, quoted


@pytest.mark.parametrize(
    ("sql", "verb", "output_format"),
    [
        (b"SELECT 1", "SELECT", ""),
        (b" /* FORMAT CSV */ -- FORMAT TSV\n# FORMAT x\n select 1 format JSON", "SELECT", "JSON"),
        (b"SELECT 'FORMAT CSV' AS `FORMAT TSV`, \"FORMAT x\" FORMAT Native -- end", "SELECT", "Native"),
        (b"SELECT (SELECT 1 FORMAT CSV)", "SELECT", ""),
        (b"(SELECT 1) UNION ALL (SELECT 2) FORMAT TSV", "SELECT", "TSV"),
        (b"WITH 1 AS x SELECT x\nFORMAT\tJSONEachRow\n", "WITH", "JSONEachRow"),
        (b"", "", ""),
    ],
)
def test_verb_and_format_of_a_question(sql: bytes, verb: str, output_format: str) -> None:
    found = outline(sql)
    assert (found.verb, found.format, found.head_end) == (verb, output_format, -1)


@pytest.mark.parametrize(
    ("sql", "data"),
    [
        (b"INSERT INTO t FORMAT CSV\n1,2\n", b"1,2\n"),
        (b"INSERT INTO t FORMAT CSV\r\n1,2\n", b"1,2\n"),
        (b"INSERT INTO t (a, `FORMAT x`, b) FORMAT Native \n\n\x01", b"\n\x01"),
        (b'INSERT INTO t FORMAT JSONEachRow {"a": 1}', b'{"a": 1}'),
        (b"insert into t settings x = 'FORMAT' format RowBinary;abc", b"abc"),
        (b"INSERT INTO t FORMAT Native", b""),
    ],
)
def test_the_data_of_an_insert_begins_after_its_format(sql: bytes, data: bytes) -> None:
    found = outline(sql)
    assert sql[found.data_start :] == data
    assert sql[: found.head_end].rstrip().lower().startswith(b"insert into t")


@pytest.mark.parametrize(
    "sql",
    [
        b"INSERT INTO t SELECT 1 FORMAT CSV",
        b"INSERT INTO t VALUES (1, 'FORMAT CSV')",
        b"INSERT INTO t (a) WITH 1 AS a SELECT a",
        b"INSERT INTO t FROM INFILE 'x' FORMAT CSV",
    ],
)
def test_an_insert_without_data_of_its_own_is_an_ordinary_statement(sql: bytes) -> None:
    assert outline(sql).head_end == -1


@given(st.binary(max_size=200))
def test_any_bytes_have_an_outline(sql: bytes) -> None:
    found = outline(sql)
    assert found.head_end <= found.data_start <= len(sql)


def test_quotes_are_escaped() -> None:
    assert quoted("it's \\") == "'it\\'s \\\\'"
    assert identifier("a`b\\") == "`a\\`b\\\\`"
