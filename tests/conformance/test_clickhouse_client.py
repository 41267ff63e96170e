"""The embedded server against the unmodified clickhouse-connect client, sync, with both of its codecs."""

import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, ProgrammingError
from clickhouse_connect.driver.external import ExternalData

from tests.conformance.clickhouse_client import CODECS, many_rows, options

COUNT = 20_000  # more than two blocks of 8,192 rows: each is an LZ4 frame of its own


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(clickhouse_url: str, codec: str) -> Iterator[Client]:
    client = clickhouse_connect.get_client(**options(clickhouse_url, codec))
    yield client
    client.close()


@pytest.fixture
def table(client: Client, tenant: str) -> Iterator[str]:
    name = f"tidegate.{tenant}"
    client.command(f"DROP TABLE IF EXISTS {name}")
    client.command(
        f"CREATE TABLE {name} (a UInt64, b String, c Float64, d Array(String)) ENGINE = MergeTree ORDER BY a"
        " SETTINGS non_replicated_deduplication_window = 100"
    )
    yield name
    client.command(f"DROP TABLE {name}")


def other(url: str, codec: str, **more: Any) -> Client:
    return clickhouse_connect.get_client(**options(url, codec, **more))


def test_the_handshake_tells_version_time_zone_and_settings(client: Client) -> None:
    assert str(client.server_version).split(".")[0].isdecimal()
    assert str(client.server_tz) == "UTC"
    assert client.server_settings["max_threads"].readonly == 0
    assert client.ping()


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_inserts_and_reads_of_many_blocks_lose_nothing(
    client: Client, table: str, clickhouse_url: str, codec: str, compress: str | bool
) -> None:
    rows = list(many_rows(COUNT))
    compressing = other(clickhouse_url, codec, compress=compress)
    compressing.insert(table, rows, column_names=["a", "b", "c", "d"])
    assert client.command(f"SELECT count() FROM {table}") == COUNT
    assert compressing.query(f"SELECT * FROM {table} ORDER BY a").result_rows == rows
    compressing.close()


def test_a_stream_of_blocks_is_read_block_by_block(client: Client) -> None:
    total, blocks = 0, 0
    with client.query_column_block_stream("SELECT number FROM numbers(1000000)") as stream:
        for (block,) in stream:
            total += sum(block)
            blocks += 1
    assert total == 499_999_500_000
    assert blocks > 1


def test_a_stream_that_is_given_up_leaves_the_server_usable(client: Client) -> None:
    with client.query_column_block_stream("SELECT number FROM numbers(20000000)") as stream:
        next(iter(stream))
    assert client.command("SELECT 1") == 1


def test_empty_results_keep_their_columns(client: Client, table: str) -> None:
    assert client.query(f"SELECT a, b FROM {table} LIMIT 0").column_names == ("a", "b")
    assert client.query(f"SELECT a, b FROM {table}").result_rows == []


def test_a_count_over_nothing_is_one_row(client: Client, table: str) -> None:
    assert client.query(f"SELECT count(), sum(a) FROM {table}").result_rows == [(0, 0)]


@pytest.mark.parametrize("form", [False, True])
def test_typed_parameters_arrive_as_they_are(clickhouse_url: str, codec: str, form: bool) -> None:
    client = other(clickhouse_url, codec, form_encode_query_params=form)
    text = "it's a \\ back\tslash\nand a `tick` {x:String} é"
    moment = datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)
    query = (
        "SELECT {t:String}, {n:Int64}, {l:Array(String)}, {m:DateTime64(6, 'UTC')}, {i:Identifier}"
        " FROM numbers(1)"
    )
    parameters = {"t": text, "n": -(2**60), "l": [text, ""], "m": moment, "i": "number"}
    assert client.query(query, parameters=parameters).result_rows == [
        (text, -(2**60), [text, ""], moment.replace(tzinfo=None), 0)
    ]
    client.close()


def test_an_identifier_cannot_break_out(client: Client) -> None:
    with pytest.raises(DatabaseError, match="UNKNOWN"):
        client.query("SELECT {i:Identifier} FROM numbers(1)", parameters={"i": "number`, version() AS `x"})


def test_external_data_is_a_table_of_one_query(client: Client) -> None:
    external = ExternalData(
        file_name="extra.csv", data=b"1,a\n2,b\n", fmt="CSV", structure="id UInt8, t String"
    )
    external.add_file(file_name="more.tsv", data=b"7\n", fmt="TSV", types="UInt8")
    query = "SELECT id, t, (SELECT _1 FROM more) FROM extra WHERE id > {low:UInt8}"
    assert client.query(query, parameters={"low": 1}, external_data=external).result_rows == [(2, "b", 7)]
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("SELECT * FROM extra")


def test_a_session_keeps_temporary_tables_and_settings(clickhouse_url: str, codec: str) -> None:
    client = other(clickhouse_url, codec, session_id=str(uuid.uuid4()))
    client.command("CREATE TEMPORARY TABLE kept (a UInt8) ENGINE = Memory")
    client.insert("kept", [[1], [2]], ["a"])
    client.command("SET max_block_size = 1234")
    assert client.query("SELECT sum(a), getSetting('max_block_size') FROM kept").result_rows == [(3, 1234)]
    stranger = other(clickhouse_url, codec, session_id=str(uuid.uuid4()))
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        stranger.query("SELECT * FROM kept")
    assert stranger.command("SELECT getSetting('max_block_size')") != 1234
    client.close()
    stranger.close()


def test_two_requests_of_one_session_do_not_run_at_once(clickhouse_url: str, codec: str) -> None:
    session = str(uuid.uuid4())
    slow, quick = (other(clickhouse_url, codec, session_id=session) for _ in range(2))
    begun = threading.Event()

    def run() -> None:
        with slow.query_column_block_stream("SELECT number FROM numbers(10000000)") as stream:
            next(iter(stream))
            begun.set()
            locked.wait(20)

    locked = threading.Event()
    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(20)
    with pytest.raises(DatabaseError, match="SESSION_IS_LOCKED"):
        quick.command("SELECT 1")
    locked.set()
    thread.join()


def test_settings_hold_for_their_request_only(client: Client) -> None:
    query = "SELECT getSetting('max_block_size')"
    before = client.command(query)
    assert client.command(query, settings={"max_block_size": 4321}) == 4321
    assert client.command(query) == before


def test_an_unknown_setting_is_rejected(clickhouse_url: str, codec: str) -> None:
    client = other(clickhouse_url, codec, settings={"no_such_setting": 1})
    with pytest.raises((DatabaseError, ProgrammingError), match="no_such_setting"):
        client.command("SELECT 1")


def test_a_batch_with_the_same_token_is_stored_once(client: Client, table: str) -> None:
    rows = list(many_rows(COUNT))
    for token in ("a", "a", "b"):
        client.insert(table, rows, ["a", "b", "c", "d"], settings={"insert_deduplication_token": token})
    assert client.command(f"SELECT count() FROM {table}") == 2 * COUNT


def test_raw_inserts_take_any_format_in_url_and_body(client: Client, table: str) -> None:
    client.raw_insert(table, ["a", "b"], "1,x\n2,y\n", fmt="CSV")
    client.raw_insert(table, ["a", "b"], b'{"a": 3, "b": "FORMAT Native"}\n', fmt="JSONEachRow")
    client.raw_insert(table, ["a", "b"], (line for line in (b"4\tz\n", b"5\tw\n")), fmt="TSV")
    client.command(f"INSERT INTO {table} (a, b) VALUES (6, 'FORMAT CSV'), (7, 'it''s')")
    client.command(f"INSERT INTO {table} (a, b) SELECT 8, 'selected'")
    rows = client.query(f"SELECT a, b FROM {table} ORDER BY a").result_rows
    assert rows == [
        *((1, "x"), (2, "y"), (3, "FORMAT Native"), (4, "z"), (5, "w")),
        *((6, "FORMAT CSV"), (7, "it's"), (8, "selected")),
    ]


def test_a_wrong_row_stores_nothing_and_tells_where(client: Client, table: str) -> None:
    with pytest.raises(DatabaseError, match="Cannot parse"):
        client.raw_insert(table, ["a", "b"], "1,x\nnot a number,y\n", fmt="CSV")
    assert client.command(f"SELECT count() FROM {table}") == 0


def test_data_frames_go_in_and_out(client: Client, table: str) -> None:
    pandas = pytest.importorskip("pandas")
    client.insert_df(table, pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    assert client.query_df(f"SELECT a, b FROM {table} ORDER BY a")["b"].tolist() == ["x", "y"]


def test_an_error_has_clickhouses_code_and_name(client: Client) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.query("SELECT * FROM no_such_table")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")


def test_an_error_in_the_middle_of_a_stream_is_told(client: Client) -> None:
    query = "SELECT throwIf(number = 900000) FROM numbers(1000000)"
    with client.query_row_block_stream(query) as stream, pytest.raises(DatabaseError, match="throwIf"):
        list(stream)
    assert client.command("SELECT 1") == 1


def test_a_summary_counts_rows_and_names_the_query(client: Client, table: str) -> None:
    name = str(uuid.uuid4())
    summary = client.insert(table, list(many_rows(10)), ["a", "b", "c", "d"], settings={"query_id": name})
    assert summary.written_rows == 10
    assert summary.query_id() == name


def test_types_survive_both_ways(client: Client, tenant: str) -> None:
    name = f"tidegate.{tenant}"
    client.command(
        f"CREATE OR REPLACE TABLE {name} (a LowCardinality(String), b Nullable(Int8), c IPv6,"
        " d Map(UInt8, UInt64), e DateTime64(6, 'UTC'), f Array(LowCardinality(String)), g UInt64,"
        " h Enum8('x' = 1)) ENGINE = Memory"
    )
    moment = datetime(2026, 2, 3, 4, 5, 6, 789012)  # noqa: DTZ001 - the client returns UTC without a zone
    row = ("low", None, "2001:db8::1", {1: 2**63}, moment.replace(tzinfo=UTC), ["p", "q"], 2**64 - 1, "x")
    client.insert(name, [row], list("abcdefgh"))
    found = client.query(f"SELECT * REPLACE (toString(c) AS c) FROM {name}").result_rows[0]
    assert found == (*row[:4], moment, *row[5:])
    client.command(f"DROP TABLE {name}")


def test_json_formats_are_whole_documents(client: Client) -> None:
    body = client.raw_query("SELECT number FROM numbers(200000)", fmt="JSONCompact")
    assert body.count(b'"meta"') == 1
    assert client.raw_query("SELECT 1 AS a", fmt="JSONEachRow") == b'{"a":1}\n'


def test_a_reader_reads_and_does_not_write(warehouse_url: str, codec: str) -> None:
    reader = other(warehouse_url, codec, username="reader")
    assert reader.query("SELECT {n:UInt8}", parameters={"n": 3}).result_rows == [(3,)]
    assert reader.command("SELECT getSetting('max_threads')", settings={"max_threads": 1}) == 1
    with pytest.raises(DatabaseError, match="READONLY"):
        reader.insert("tidegate.migrations", [["x", "y"]], ["name", "checksum"])
    reader.close()


def test_a_wrong_password_is_told(warehouse_url: str, codec: str) -> None:
    with pytest.raises(DatabaseError, match="AUTHENTICATION_FAILED"):
        other(warehouse_url, codec, username="default", password="wrong")
