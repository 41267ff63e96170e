"""The engine's own bounds, seen from outside: the tests' process must not load chdb."""

from pathlib import Path

import pytest

from tests.warehouse.http_requests import ask

# Each reaches a file, an address, a process or another server; for the writer as for the reader.
REACHING_OUT = (
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT `\\x66ile`('/etc/passwd')",
    "SELECT \"file\" /* c */ ('/etc/passwd')",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM default.`/etc/passwd`",
    "SELECT * FROM loop(file('/etc/passwd', 'LineAsString'))",
    "DESCRIBE file('/etc/passwd')",
    "EXPLAIN SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/x')",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM executable('ls', 'TSV', 'a String')",
    "SELECT * FROM Python('data')",
    "SELECT 1 INTO OUTFILE '/tmp/tidegate-outfile'",
    "SELECT 1 INTO /* c */ OUTFILE '/tmp/tidegate-outfile' TRUNCATE",
    "EXPLAIN SELECT 1 INTO OUTFILE '/tmp/tidegate-outfile'",
    "SHOW TABLES INTO OUTFILE '/tmp/tidegate-outfile'",
    "INSERT INTO FUNCTION file('/tmp/tidegate-outfile', 'CSV', 'a Int8') VALUES (1)",
    "INSERT INTO FUNCTION url('http://127.0.0.1:1/', 'CSV', 'a Int8') VALUES (1)",
    "INSERT INTO tidegate.ledger FROM INFILE '/etc/passwd' FORMAT CSV",
    "CREATE TABLE tidegate.leak (a String) ENGINE = File(LineAsString, '/etc/passwd')",
    "CREATE TABLE tidegate.leak (a String) ENGINE = URL('http://127.0.0.1:1/', 'CSV')",
    "CREATE TEMPORARY TABLE leak (a String) ENGINE = File(LineAsString, '/etc/passwd')",
    "CREATE DATABASE leak ENGINE = Filesystem('/etc')",
    "ATTACH TABLE leak FROM '/etc' (a String) ENGINE = MergeTree ORDER BY a",
    "CREATE DICTIONARY leak (a UInt64) PRIMARY KEY a SOURCE(FILE(path '/x' format 'TSV')) LAYOUT(FLAT())",
    "CREATE VIEW tidegate.leak AS SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "CREATE VIEW tidegate.leak AS SELECT file('/etc/passwd') AS a",
    "BACKUP TABLE tidegate.ledger TO File('/tmp/tidegate-outfile')",
    "CREATE FUNCTION leak AS x -> file(x)",
    "CREATE USER leak",
    "GRANT FILE ON *.* TO default",
    "SYSTEM SHUTDOWN",
)


@pytest.mark.parametrize("user", ["default:", "reader:"])
@pytest.mark.parametrize("sql", REACHING_OUT)
def test_no_user_reaches_out_of_the_database(warehouse_url: str, user: str, sql: str) -> None:
    reply = ask(warehouse_url, sql, user=user)
    assert reply.status >= 400
    assert reply.code
    assert b"root:" not in reply.body
    assert not Path("/tmp/tidegate-outfile").exists()


def test_a_filter_in_a_setting_does_not_reach_out_either(warehouse_url: str) -> None:
    filters = "{'system.one': 'file(\\'/etc/passwd\\') = \\'\\''}"
    reply = ask(warehouse_url, "SELECT * FROM system.one", additional_table_filters=filters)
    assert (reply.status, reply.code) == (403, "497")


def test_the_engine_runs_in_utc(warehouse_url: str) -> None:
    assert (
        ask(warehouse_url, "SELECT timezone(), toString(toDateTime(0))").body == b"UTC\t1970-01-01 00:00:00\n"
    )


def test_memory_and_threads_are_bounded(warehouse_url: str) -> None:
    query = "SELECT getSetting('max_memory_usage') > 0, getSetting('max_threads') <= 2"
    assert ask(warehouse_url, query).body == b"1\t1\n" or ask(warehouse_url, query).body == b"true\ttrue\n"
    limit = "SELECT value != '0' FROM system.server_settings WHERE name = 'max_server_memory_usage'"
    assert ask(warehouse_url, limit).body == b"1\n"
    reply = ask(warehouse_url, "SELECT 1", max_memory_usage="999999999999")
    assert (reply.status, reply.code) == (400, "452")


def test_a_query_over_its_memory_fails_alone(warehouse_url: str) -> None:
    greedy = "SELECT length(groupArray(toString(number))) FROM numbers(100000000)"
    reply = ask(warehouse_url, greedy, max_memory_usage="100000000")
    assert (reply.status, reply.code) == (500, "241")
    assert ask(warehouse_url, "SELECT 1").body == b"1\n"


def test_databases_are_atomic(warehouse_url: str) -> None:
    query = "SELECT engine FROM system.databases WHERE name = 'tidegate'"
    assert ask(warehouse_url, query).body == b"Atomic\n"
