"""The embedded server on the wire: caps, credentials, codings, and clients that hang up."""

import contextlib
import gzip
import json
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import lz4.frame
import pytest

from tests.warehouse.http_requests import ask
from warehouse.compression import zstd

DEADLINE_S = 20
# Sleeps rather than computes: a crowd of these costs no CPU.
ENDLESS = (
    "SELECT sum(sleepEachRow(1)) FROM numbers(3000)"
    " SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 9000000"
)


def wire(url: str, head: str, body: bytes = b"") -> socket.socket:
    """A socket with a request sent and nothing read."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=DEADLINE_S)
    connection.sendall(head.encode() + b"\r\nHost: x\r\n\r\n" + body)
    return connection


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def running(url: str, comment: str) -> int:
    query = f"SELECT count() FROM system.processes WHERE Settings['log_comment'] LIKE '{comment}%'"
    return int(ask(url, query).body)


def test_ping_needs_no_user(warehouse_url: str) -> None:
    with wire(warehouse_url, "GET /ping HTTP/1.1\r\nConnection: close") as connection:
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"Ok.\n")


def test_another_path_is_not_found(warehouse_url: str) -> None:
    with wire(warehouse_url, "GET /etc/passwd HTTP/1.1") as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 404")


def test_wrong_credentials_are_refused_before_anything_runs(warehouse_url: str) -> None:
    reply = ask(warehouse_url, "SELECT 1", user="default:wrong")
    assert (reply.status, reply.code) == (403, "516")
    assert b"Authentication failed" in reply.body


def test_an_answer_has_clickhouses_headers(warehouse_url: str) -> None:
    reply = ask(warehouse_url, "SELECT 1 FORMAT Native", query_id="my-id")
    told = reply.headers
    assert (told["x-clickhouse-query-id"], told["x-clickhouse-timezone"]) == ("my-id", "UTC")
    assert told["x-clickhouse-format"] == "Native"
    assert set(json.loads(told["x-clickhouse-summary"])) >= {"read_rows", "written_rows"}


def test_a_query_id_cannot_split_the_response(warehouse_url: str) -> None:
    reply = ask(warehouse_url, "SELECT 1", query_id="a\r\nX-Evil: 1")
    assert "x-evil" not in reply.headers
    assert reply.body == b"1\n"


def test_an_empty_request_is_ok(warehouse_url: str) -> None:
    assert ask(warehouse_url).body == b"Ok.\n"


def test_a_body_over_the_cap_is_refused_by_its_length(warehouse_url: str) -> None:
    with wire(warehouse_url, f"POST / HTTP/1.1\r\nContent-Length: {1 << 40}") as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")


def test_a_body_over_the_cap_is_refused_while_it_comes(warehouse_url: str) -> None:
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    with wire(warehouse_url, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked") as connection:
        try:
            for _ in range(70):
                connection.sendall(chunk)
            answer = connection.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            answer = b"HTTP/1.1 413"  # refused and closed while we were sending
    assert answer.startswith(b"HTTP/1.1 413")
    assert ask(warehouse_url, "SELECT 1").body == b"1\n"


def test_a_bomb_is_refused(warehouse_url: str) -> None:
    bomb = b"".join(lz4.frame.compress(bytes(64 << 20)) for _ in range(9))
    reply = ask(warehouse_url, bomb, headers={"Content-Encoding": "lz4"})
    assert (reply.status, reply.code) == (413, "307")


@pytest.mark.parametrize("encoding", ["lz4", "gzip", "br"])
def test_a_body_that_does_not_decode_is_refused(warehouse_url: str, encoding: str) -> None:
    reply = ask(warehouse_url, "SELECT 1", headers={"Content-Encoding": encoding})
    assert (reply.status, reply.code) == (400, "36")


@pytest.mark.parametrize(
    ("encoding", "decode"),
    [("lz4", lz4.frame.decompress), ("zstd", zstd.decompress), ("gzip", gzip.decompress)],
)
def test_answers_are_compressed_on_request(
    warehouse_url: str, encoding: str, decode: Callable[[bytes], bytes]
) -> None:
    accept = {"Accept-Encoding": encoding}
    plain = ask(warehouse_url, "SELECT number FROM numbers(200000)", headers=accept)
    assert "content-encoding" not in plain.headers
    packed = ask(
        warehouse_url, "SELECT number FROM numbers(200000)", headers=accept, enable_http_compression="1"
    )
    assert packed.headers["content-encoding"] == encoding
    assert decode(packed.body) == plain.body


@pytest.mark.parametrize("output_format", ["JSON", "CSV", "Native"])
def test_empty_results_keep_their_frame(warehouse_url: str, output_format: str) -> None:
    reply = ask(warehouse_url, f"SELECT number FROM numbers(3) WHERE number > 5 FORMAT {output_format}")
    assert (b'"rows": 0' in reply.body) if output_format == "JSON" else reply.body == b""


def test_several_statements_are_refused(warehouse_url: str) -> None:
    reply = ask(warehouse_url, "SELECT 1; SELECT 2")
    assert (reply.status, reply.code) == (400, "62")
    assert ask(warehouse_url, "SELECT 1;").body == b"1\n"


def test_a_client_that_hangs_up_stops_its_query(warehouse_url: str) -> None:
    head = f"POST /?log_comment=hangs-up HTTP/1.1\r\nContent-Length: {len(ENDLESS)}"
    with wire(warehouse_url, head, ENDLESS.encode()):
        assert wait_for(lambda: running(warehouse_url, "hangs-up") == 1)
    assert wait_for(lambda: running(warehouse_url, "hangs-up") == 0)


def test_a_client_that_hangs_up_in_the_middle_stops_its_stream(warehouse_url: str) -> None:
    sql = "SELECT number FROM numbers(1000000000000) FORMAT Native"
    head = f"POST /?log_comment=in-the-middle HTTP/1.1\r\nContent-Length: {len(sql)}"
    with wire(warehouse_url, head, sql.encode()) as connection:
        assert connection.recv(65536)
        assert wait_for(lambda: running(warehouse_url, "in-the-middle") == 1)
    assert wait_for(lambda: running(warehouse_url, "in-the-middle") == 0)


def test_a_head_request_is_answered_without_a_body(warehouse_url: str) -> None:
    with wire(warehouse_url, "HEAD /?query=SELECT%201 HTTP/1.1\r\nConnection: close") as connection:
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_a_session_is_free_again_after_its_client_hung_up(warehouse_url: str) -> None:
    sql = "SELECT number FROM numbers(1000000000000) FORMAT Native"
    head = f"POST /?session_id=left-behind&log_comment=left HTTP/1.1\r\nContent-Length: {len(sql)}"
    with wire(warehouse_url, head, sql.encode()) as connection:
        assert connection.recv(65536)
    assert wait_for(lambda: ask(warehouse_url, "SELECT 1", session_id="left-behind").body == b"1\n")


def test_requests_of_a_session_follow_each_other_at_once(warehouse_url: str) -> None:
    for number in range(200):
        reply = ask(warehouse_url, f"SELECT {number}", session_id="in-a-row")
        assert reply.body == f"{number}\n".encode()


def test_telemetry_does_not_wait_behind_slow_questions(warehouse_url: str) -> None:
    head = f"POST /?log_comment=crowd HTTP/1.1\r\nContent-Length: {len(ENDLESS)}"
    ask(warehouse_url, "CREATE TABLE IF NOT EXISTS tidegate.crowd (a UInt8) ENGINE = Memory")
    with contextlib.ExitStack() as crowd:
        for _ in range(20):  # more than there are workers
            crowd.enter_context(wire(warehouse_url, head, ENDLESS.encode()))
        assert ask(warehouse_url, "INSERT INTO tidegate.crowd FORMAT CSV\n1\n").status == 200
    assert wait_for(lambda: ask(warehouse_url, "SELECT 1").body == b"1\n")
    assert wait_for(lambda: running(warehouse_url, "crowd") == 0)
    ask(warehouse_url, "DROP TABLE tidegate.crowd")
