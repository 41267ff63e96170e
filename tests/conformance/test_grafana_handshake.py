"""What Grafana's ClickHouse plugin (4.x, clickhouse-go v2 over HTTP with gzip) sends on connect and ping.

Written after the driver's source (conn_http.go, `dialHttp`, `queryHello`, `ping`): bytes in, bytes out.
"""

import gzip

import pytest

from dashboards.boards import BOARDS
from dashboards.expansion import ALL, TimeRange, expand
from dashboards.spec import Board
from tests.warehouse.http_requests import Reply, ask

AGENT = "grafana/13.0.0 clickhouse-datasource/4.20.0 clickhouse-go/2.40.1 (lv:go/1.25; os:linux)"
HELLO = "SELECT displayName(), version(), revision(), timezone()"


def as_the_driver(url: str, sql: str, user: str = "") -> Reply:
    """Its parameters, sorted as Go's url.Values.Encode sorts them, and its fields."""
    return ask(
        url,
        sql,
        user=user,
        headers={"User-Agent": AGENT, "Accept-Encoding": "gzip"},
        client_protocol_version="54460",
        database="tidegate",
        default_format="Native",
        enable_http_compression="1",
        max_execution_time="60",
    )


def plain(reply: Reply) -> bytes:
    """The body as the driver reads it: unpacked where the answer says so."""
    return gzip.decompress(reply.body) if reply.headers.get("content-encoding") == "gzip" else reply.body


def test_the_first_question_is_answered_by_a_block_of_the_drivers_revision(warehouse_url: str) -> None:
    version = ask(warehouse_url, "SELECT version() FORMAT RawBLOB").body
    reply = as_the_driver(warehouse_url, HELLO)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["x-clickhouse-format"] == "Native"
    assert plain(reply) == (
        b"\x01\x00\x02\xff\xff\xff\xff\x00\x04\x01"
        b"\x0ddisplayName()\x06String\x00\x08tidegate"
        b"\x09version()\x06String\x00" + bytes((len(version),)) + version + b"\x0arevision()\x06UInt32\x00"
        b"\x00\x00\x00\x00"
        b"\x0atimezone()\x06String\x00\x03UTC"
    )


def test_the_ping_that_follows_is_a_block_of_revision_zero(warehouse_url: str) -> None:
    reply = as_the_driver(warehouse_url, "SELECT 1")
    assert reply.status == 200
    assert reply.headers["content-encoding"] == "gzip"
    assert plain(reply) == b"\x01\x01\x011\x05UInt8\x01"


def test_the_plugins_check_of_the_version_reads_at_revision_zero(warehouse_url: str) -> None:
    version = ask(warehouse_url, "SELECT version() FORMAT RawBLOB").body
    body = plain(as_the_driver(warehouse_url, "SELECT version()"))
    assert body == b"\x01\x01\x09version()\x06String" + bytes((len(version),)) + version


def test_a_wrong_password_is_told_before_the_handshake(warehouse_url: str) -> None:
    reply = as_the_driver(warehouse_url, HELLO, "nobody:wrong")
    assert reply.status == 403
    assert b"AUTHENTICATION_FAILED" in reply.body


def test_a_mistake_is_told_as_the_driver_expects(warehouse_url: str) -> None:
    reply = as_the_driver(warehouse_url, "SELECT nonsense")
    assert reply.status == 404
    assert reply.code == "47"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_the_user_who_can_only_read_is_answered_every_panel(warehouse_url: str, board: Board) -> None:
    hour, chosen = TimeRange(1_000_000, 1_003_600), {"tenant": "nobody", "route": ALL}
    for panel in board.panels:
        reply = as_the_driver(warehouse_url, expand(panel.sql, hour, chosen), "reader:")
        assert reply.status == 200, f"{panel.name}: {plain(reply)!r}"
        assert b"__exception__" not in plain(reply)
