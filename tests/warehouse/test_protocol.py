"""The protocol without I/O: what a request asks and how answers look."""

import json

import pytest

from warehouse.protocol import BadRequest, External, late_exception, parse, status_of, summary


def test_the_statement_comes_in_the_url_the_body_or_both() -> None:
    assert parse([("query", "SELECT 1")], b"", {}, query_id="q").sql == b"SELECT 1"
    assert parse([], b"SELECT 1", {}, query_id="q").sql == b"SELECT 1"
    assert parse([("query", "SELECT")], b"1", {}, query_id="q").sql == b"SELECT\n1"


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ([("query", "INSERT INTO t FORMAT CSV")], b"1\n"),
        ([("query", "INSERT INTO t FORMAT CSV\n1\n")], b""),
        ([], b"INSERT INTO t FORMAT CSV\n1\n"),
    ],
)
def test_an_inserts_data_is_taken_from_its_head(parameters: list[tuple[str, str]], body: bytes) -> None:
    question = parse(parameters, body, {}, query_id="q")
    assert question.is_insert
    assert (question.sql.strip(), question.outline.format, question.body) == (b"INSERT INTO t", "CSV", b"1\n")


def test_transport_parameters_are_no_settings() -> None:
    given = [
        ("query", "SELECT 1"),
        ("database", "d"),
        ("wait_end_of_query", "1"),
        ("client_protocol_version", "54405"),
        ("session_id", "s"),
        ("session_timeout", "7"),
        ("param_x", "1"),
        ("max_threads", "3"),
    ]
    question = parse(given, b"", {}, query_id="q")
    assert question.settings == {"max_threads": "3"}
    assert question.parameters == {"x": "1"}
    assert (question.database, question.session_id, question.session_timeout_s) == ("d", "s", 7)
    assert question.whole_answer
    assert not question.is_streamable


def test_an_external_table_takes_its_own_parameters() -> None:
    given = [
        ("query", "SELECT 1"),
        ("a_structure", "x UInt8"),
        ("a_format", "CSV"),
        ("b_types", "UInt8,String"),
    ]
    question = parse(given, b"", {"a": b"1", "b": b""}, query_id="q")
    assert question.externals == (
        External("a", "x UInt8", "CSV", b"1"),
        External("b", "_1 UInt8, _2 String", "TabSeparated", b""),
    )
    assert question.settings == {}


@pytest.mark.parametrize(
    ("given", "files"),
    [([("query", "SELECT 1")], {"a": b""}), ([("query", "SELECT 1"), ("session_timeout", "x")], {})],
)
def test_a_wrong_request_is_told(given: list[tuple[str, str]], files: dict[str, bytes]) -> None:
    with pytest.raises(BadRequest):
        parse(given, b"", files, query_id="q")


def test_the_query_id_is_the_clients_or_ours() -> None:
    assert parse([("query", "SELECT 1")], b"", {}, query_id="ours").query_id == "ours"
    assert (
        parse([("query", "SELECT 1"), ("query_id", "theirs")], b"", {}, query_id="ours").query_id == "theirs"
    )


@pytest.mark.parametrize(
    ("output_format", "streams"), [("Native", True), ("JSON", False), ("Parquet", False), ("CSV", True)]
)
def test_only_formats_without_a_frame_are_streamed(output_format: str, streams: bool) -> None:
    question = parse([("query", f"SELECT 1 FORMAT {output_format}")], b"", {}, query_id="q")
    assert question.is_streamable is streams


def test_statuses_are_clickhouses() -> None:
    codes = (60, 62, 115, 241, 394, 497, 516)
    assert [status_of(code) for code in codes] == [404, 400, 400, 500, 500, 403, 403]


def test_a_summary_is_json_of_strings() -> None:
    assert json.loads(summary(read_rows=3, written_rows=4))["written_rows"] == "4"


def test_a_late_exception_is_framed_by_its_tag() -> None:
    assert late_exception("Code: 1. x", "tag") == (
        b"\r\n__exception__\r\ntag\r\nCode: 1. x\n11 tag\r\n__exception__\r\n"
    )
