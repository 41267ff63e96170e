"""Relaying: bodies both ways, framing by method and status, 1xx, keep-alive, back-pressure, retries."""

import socket
import threading

import pytest

from kernel.events import Flag, Outcome
from proxy.framing import LAST_CHUNK
from tests.proxy.fakes import (
    DEADLINE_S,
    Conversation,
    Script,
    Seen,
    Stage,
    Upstream,
    column,
    plain,
    read_reply,
    read_to_end,
    request,
    wait_until,
)


def saying(data: bytes, *, going: bool = True) -> Script:
    """A script that reads the request and says these bytes."""

    def say(conversation: Conversation, seen: Seen) -> bool:
        if not conversation.body_of(seen):
            return False
        conversation.say(data)
        return going

    return say


def connect(stage: Stage) -> Conversation:
    return Conversation(stage.connect())


# -- request bodies ---------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"])
@pytest.mark.parametrize("size", [1, 1_000, 300_000])
def test_a_body_of_declared_length_arrives(stage: Stage, upstream: Upstream, method: str, size: int) -> None:
    conversation = connect(stage)
    body = bytes(range(256)) * (size // 256 + 1)
    for _ in range(2):
        conversation.sock.sendall(request("/shop/a", method, body=body[:size]))
        assert read_reply(conversation).body == body[:size]
    assert [column(row, "bytes_in") for row in stage.events(2)] == [size, size]
    assert [column(row, "bytes_out") for row in stage.rows] == [size, size]
    assert upstream.seen[0].values("content-length") == [str(size)]


def test_a_chunked_body_is_framed_anew(stage: Stage, upstream: Upstream) -> None:
    conversation = connect(stage)
    head = request("/shop/a", "POST", "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n")
    body = b'3;a=b;c="d"\r\nabc\r\n0a\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n'
    conversation.sock.sendall(head + body + request("/shop/b"))
    assert read_reply(conversation).body == b"abc0123456789"
    assert read_reply(conversation).body == b"hello"
    first = upstream.seen[0]
    assert first.values("transfer-encoding") == ["chunked"]
    assert not first.values("content-length")
    assert not first.values("trailer")
    assert column(stage.events(2)[0], "bytes_in") == 13


def test_an_empty_declared_body_is_declared_again(stage: Stage, upstream: Upstream) -> None:
    conversation = connect(stage)
    conversation.sock.sendall(request("/shop/a", "POST", "Content-Length: 0\r\n"))
    assert read_reply(conversation).status == 200
    assert upstream.seen[0].values("content-length") == ["0"]


def test_expect_is_forwarded_and_100_comes_back(stage: Stage, upstream: Upstream) -> None:
    def go_on(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        return plain(conversation, seen)

    upstream.scripts["a"] = go_on
    conversation = connect(stage)
    conversation.sock.sendall(request("/shop/a", "POST", "Expect: 100-continue\r\nContent-Length: 3\r\n"))
    assert read_reply(conversation).status == 100
    conversation.sock.sendall(b"abc")
    assert read_reply(conversation).body == b"abc"
    assert upstream.seen[0].values("expect") == ["100-continue"]
    conversation.sock.sendall(request("/shop/b"))
    assert read_reply(conversation).body == b"hello"
    stage.events(2)
    assert upstream.connections_of("a") == upstream.connections_of("b")


def test_a_python_handler_gets_100_from_its_server(stage: Stage, upstream: Upstream) -> None:
    conversation = connect(stage)
    head = request("/python/a", "POST", "Expect: 100-continue\r\nContent-Length: 3\r\n")
    conversation.sock.sendall(head)
    assert read_reply(conversation).status == 100
    conversation.sock.sendall(b"abc")
    assert read_reply(conversation).body == b"abc"


# -- responses --------------------------------------------------------------------------------


def test_a_chunked_response_is_framed_anew(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["a"] = saying(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
        b"5;x=y\r\nabcde\r\n1\r\nf\r\n0\r\nX-T: 1\r\n\r\n"
    )
    conversation = connect(stage)
    for _ in range(2):
        conversation.sock.sendall(request("/shop/a"))
        reply = read_reply(conversation)
        assert (reply.body, reply.values("transfer-encoding")) == (b"abcdef", ["chunked"])
        assert not reply.values("trailer")
    assert [column(row, "bytes_out") for row in stage.events(2)] == [6, 6]


def test_a_chunked_response_is_unframed_for_http_1_0(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["a"] = saying(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"
    )
    client = stage.connect()
    client.sendall(b"GET /shop/a HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
    answer = read_to_end(client)
    assert answer.endswith(b"\r\n\r\nabcde")
    assert b"transfer-encoding" not in answer
    assert b"connection: close\r\n" in answer


def test_http_1_0_is_kept_alive_where_asked(stage: Stage, upstream: Upstream) -> None:
    conversation = connect(stage)
    for _ in range(2):
        conversation.sock.sendall(b"GET /shop/a HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n")
        assert read_reply(conversation).values("connection") == ["keep-alive"]
    conversation.sock.sendall(b"GET /shop/a HTTP/1.0\r\nHost: x\r\n\r\n")
    assert read_reply(conversation).values("connection") == ["close"]
    assert read_to_end(conversation.sock) == b""
    assert [column(row, "protocol") for row in stage.events(3)] == ["1.0"] * 3


def test_a_response_that_ends_with_the_connection_is_chunked(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["a"] = saying(b"HTTP/1.1 200 OK\r\n\r\nabcdef", going=False)
    conversation = connect(stage)
    for _ in range(2):
        conversation.sock.sendall(request("/shop/a"))
        assert read_reply(conversation).body == b"abcdef"
    assert [column(row, "outcome") for row in stage.events(2)] == [Outcome.COMPLETED] * 2


@pytest.mark.parametrize(
    ("method", "response"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
)
def test_a_response_without_a_body_leaves_both_connections_usable(
    stage: Stage, upstream: Upstream, method: str, response: bytes
) -> None:
    upstream.scripts["a"] = saying(response)
    conversation = connect(stage)
    for _ in range(3):
        conversation.sock.sendall(request("/shop/a", method))
        reply = read_reply(conversation, method)
        assert reply.status == int(response[9:12])
        conversation.sock.sendall(request("/shop/b"))
        assert read_reply(conversation).body == b"hello"
    rows = stage.events(6)
    assert {column(row, "outcome") for row in rows} == {Outcome.COMPLETED}
    assert all(column(row, "flags") & Flag.UPSTREAM_REUSED for row in rows[1:])


def test_100_and_103_are_forwarded_and_102_is_not(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["a"] = saying(
        b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    conversation = connect(stage)
    for _ in range(2):
        conversation.sock.sendall(request("/shop/a"))
        replies = [read_reply(conversation) for _ in range(3)]
        assert [reply.status for reply in replies] == [103, 100, 200]
        assert replies[0].values("link") == ["</a>"]
        assert replies[2].body == b"ok"
    stage.events(2)


def test_1xx_is_not_sent_to_http_1_0(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["a"] = saying(
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    client = stage.connect()
    client.sendall(b"GET /shop/a HTTP/1.0\r\nHost: x\r\n\r\n")
    assert read_to_end(client).startswith(b"HTTP/1.1 200 ")


MALFORMED: dict[str, bytes] = {
    "two CL": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "CL with TE": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "CL as a list": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
    "TE gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.0 with TE": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "NUL": b"HTTP/1.1 200 OK\r\nX-A: \0\r\nContent-Length: 2\r\n\r\nok",
    "obs-fold": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "status 99": b"HTTP/1.1 099 No\r\n\r\n",
    "an upgrade": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    "endless 1xx": b"HTTP/1.1 103 Early\r\n\r\n" * 40,
    "a big head": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70_000 + b"\r\n\r\n",
    "a big head without an end": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70_000,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_response_that_no_client_may_see_becomes_502(stage: Stage, upstream: Upstream, name: str) -> None:
    upstream.scripts["a"] = saying(MALFORMED[name])
    conversation = connect(stage)
    conversation.sock.sendall(request("/shop/a"))
    reply = read_reply(conversation)
    while reply.status == 103:
        reply = read_reply(conversation)
    assert reply.status == 502
    assert reply.values("content-type") == ["application/problem+json"]
    (row,) = stage.events(1)
    assert column(row, "outcome") == Outcome.UPSTREAM_MALFORMED
    conversation.sock.sendall(request("/shop/b"))
    assert read_reply(conversation).body == b"hello"


@pytest.mark.parametrize("body", [b"5\nabcde\r\n", b"0x5\r\nabcde\r\n", b"2\r\nabXX", b"zz\r\n"])
def test_a_broken_chunked_response_is_cut(stage: Stage, upstream: Upstream, body: bytes) -> None:
    upstream.scripts["a"] = saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n" + body)
    client = stage.connect()
    client.sendall(request("/shop/a"))
    assert not read_to_end(client).endswith(LAST_CHUNK)
    (row,) = stage.events(1)
    assert column(row, "outcome") == Outcome.UPSTREAM_MALFORMED


# -- keep-alive and the pool ------------------------------------------------------------------


def test_bytes_on_an_idle_upstream_connection_close_it(stage: Stage, upstream: Upstream) -> None:
    held: list[Conversation] = []

    def keep(conversation: Conversation, seen: Seen) -> bool:
        held.append(conversation)
        conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        return True

    upstream.scripts["a"] = keep
    conversation = connect(stage)
    conversation.sock.sendall(request("/shop/a"))
    assert read_reply(conversation).body == b"ok"
    stage.events(1)
    held[0].say(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
    wait_until(lambda: not stage.listener.upstreams.pools[("127.0.0.1", upstream.port)].idle)
    conversation.sock.sendall(request("/shop/b"))
    assert read_reply(conversation).body == b"hello"


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
        b"HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_a_surplus_response_reaches_nobody(stage: Stage, upstream: Upstream, response: bytes) -> None:
    upstream.scripts["a"] = saying(response)
    conversation = connect(stage)
    for _ in range(3):
        conversation.sock.sendall(request("/shop/a"))
        assert read_reply(conversation).body in (b"ok", b"")
        conversation.sock.sendall(request("/shop/b"))
        assert read_reply(conversation).body == b"hello"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
def test_an_upstream_that_will_close_is_not_used_again(stage: Stage, upstream: Upstream, head: bytes) -> None:
    upstream.scripts["a"] = saying(head + b"Content-Length: 2\r\n\r\nok")
    conversation = connect(stage)
    for _ in range(2):
        conversation.sock.sendall(request("/shop/a"))
        reply = read_reply(conversation)
        assert (reply.body, reply.values("connection")) == (b"ok", [])
    assert upstream.connections_of("a")[0] != upstream.connections_of("a")[1]


def test_a_stale_connection_is_retried_once(stage: Stage, upstream: Upstream) -> None:
    conversation = connect(stage)
    conversation.sock.sendall(request("/shop/warm"))
    read_reply(conversation)
    stage.events(1)
    drops = [True, False]
    upstream.scripts["a"] = lambda talk, seen: not drops.pop(0) and plain(talk, seen)
    conversation.sock.sendall(request("/shop/a", "PUT", body=b"abc"))
    assert read_reply(conversation).body == b"abc"
    row = stage.events(2)[1]
    assert (column(row, "retries"), column(row, "outcome")) == (1, Outcome.COMPLETED)
    assert [seen.method for seen in upstream.seen] == ["GET", "PUT", "PUT"]


def test_what_could_happen_twice_is_not_retried(stage: Stage, upstream: Upstream) -> None:
    conversation = connect(stage)
    conversation.sock.sendall(request("/shop/warm"))
    read_reply(conversation)
    upstream.scripts["a"] = lambda talk, seen: False
    conversation.sock.sendall(request("/shop/a", "POST", body=b"abc"))
    assert read_reply(conversation).status == 502
    row = stage.events(2)[1]
    assert (column(row, "retries"), column(row, "outcome")) == (0, Outcome.UPSTREAM_RESET)


def test_a_retry_that_fails_is_told(stage: Stage, upstream: Upstream) -> None:
    conversation = connect(stage)
    conversation.sock.sendall(request("/shop/warm"))
    read_reply(conversation)
    upstream.scripts["a"] = lambda talk, seen: False
    conversation.sock.sendall(request("/shop/a"))
    assert read_reply(conversation).status == 502
    row = stage.events(2)[1]
    assert (column(row, "retries"), column(row, "outcome")) == (1, Outcome.UPSTREAM_RESET)


def test_connections_are_bounded_and_requests_wait_for_one(stage: Stage, upstream: Upstream) -> None:
    conversations = [connect(stage) for _ in range(5)]
    for conversation in conversations:
        conversation.sock.sendall(request("/narrow/a"))
    assert [read_reply(conversation).body for conversation in conversations] == [b"hello"] * 5
    assert len(set(upstream.connections_of("a"))) == 1


def test_waiting_for_a_connection_is_the_upstreams_time(stage: Stage, upstream: Upstream) -> None:
    released = threading.Event()

    def hold(conversation: Conversation, seen: Seen) -> bool:
        assert released.wait(DEADLINE_S)
        return plain(conversation, seen)

    upstream.scripts["first"] = hold
    first, second = connect(stage), connect(stage)
    first.sock.sendall(request("/narrow/first"))
    wait_until(lambda: bool(upstream.connections_of("first")))
    second.sock.sendall(request("/narrow/a"))
    wait_until(lambda: any(pool.waiting for pool in list(stage.listener.upstreams.pools.values())))
    stage.gateway.ahead_s += 1.0
    released.set()
    assert [read_reply(each).body for each in (first, second)] == [b"hello"] * 2
    for row in stage.events(2):
        assert 1_000_000 <= column(row, "ttfb_us") <= column(row, "upstream_us") <= column(row, "duration_us")


def test_connection_close_is_obeyed(stage: Stage, upstream: Upstream) -> None:
    client = stage.connect()
    client.sendall(request("/shop/a", fields="Connection: close\r\n") + request("/shop/b"))
    answer = read_to_end(client)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"connection: close\r\n" in answer
    stage.events(1)


def test_a_draining_gateway_says_close(stage: Stage, upstream: Upstream) -> None:
    stage.gateway.draining = True
    client = stage.connect()
    client.sendall(request("/shop/a"))
    answer = read_to_end(client)
    stage.gateway.draining = False
    assert b"connection: close\r\n" in answer
    assert answer.endswith(b"hello")


# -- early responses and slow sides -----------------------------------------------------------


def test_an_early_response_is_forwarded_and_both_sides_close(stage: Stage, upstream: Upstream) -> None:
    def early(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        while conversation.fill():
            pass
        return False

    upstream.scripts["a"] = early
    client = stage.connect()
    client.sendall(request("/shop/a", "POST", "Content-Length: 1000000\r\n") + b"x" * 1_000)
    answer = read_to_end(client)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"connection: close\r\n" in answer
    assert answer.endswith(b"no")
    (row,) = stage.events(1)
    assert column(row, "outcome") == Outcome.COMPLETED
    assert column(row, "flags") & Flag.EARLY_RESPONSE
    client.sendall(b"x" * 1_000)


def test_a_refusal_is_not_lost_behind_a_body_that_is_still_sent(stage: Stage, upstream: Upstream) -> None:
    client = stage.connect()
    client.sendall(request("/closed/a", "POST", "Content-Length: 500000\r\n") + b"x" * 400_000)
    answer = read_to_end(client)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close\r\n" in answer


def test_a_refused_body_that_came_along_keeps_the_connection(stage: Stage, upstream: Upstream) -> None:
    conversation = connect(stage)
    for body in (b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"):
        conversation.sock.sendall(request("/closed/a", "POST")[:-2] + body + request("/shop/a"))
        assert read_reply(conversation).status == 401
        assert read_reply(conversation).status == 200
    assert [column(row, "bytes_in") for row in stage.events(4)] == [0, 0, 0, 0]


BIG = 64 << 20


def buffered(stage: Stage) -> int:
    """Bytes that the transport holds in its write buffers."""
    clients = sum(each.transport.get_write_buffer_size() for each in stage.listener.connections)
    upstreams = 0
    for connection in stage.listener.connections:
        exchange = connection.exchange
        transport = getattr(getattr(exchange, "upstream", None), "transport", None)
        upstreams += transport.get_write_buffer_size() if transport is not None else 0
    return clients + upstreams


def settled(stage: Stage, moved: list[int]) -> None:
    """Wait until nothing moves any more."""
    last = [-1]

    def is_still() -> bool:
        still = last[0] == moved[0] and moved[0] > 0
        last[0] = moved[0]
        threading.Event().wait(0.05)
        return still

    wait_until(is_still)


def test_a_client_that_does_not_read_stops_the_upstream(stage: Stage, upstream: Upstream) -> None:
    moved = [0]

    def pour(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG)
        piece = b"x" * 65_536
        for _ in range(BIG // len(piece)):
            conversation.say(piece)
            moved[0] += len(piece)
        return True

    upstream.scripts["a"] = pour
    client = stage.connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    client.sendall(request("/shop/a"))
    settled(stage, moved)
    assert moved[0] < BIG
    assert buffered(stage) < 1 << 20
    conversation = Conversation(client)
    assert len(read_reply(conversation).body) == BIG
    (row,) = stage.events(1)
    assert (column(row, "outcome"), column(row, "bytes_out")) == (Outcome.COMPLETED, BIG)


def test_an_upstream_that_does_not_read_stops_the_client(stage: Stage, upstream: Upstream) -> None:
    release = threading.Event()

    def slow(conversation: Conversation, seen: Seen) -> bool:
        assert release.wait(20)
        return plain(conversation, seen)

    upstream.scripts["a"] = slow
    client = stage.connect()
    client.sendall(request("/shop/a", "POST", f"Content-Length: {BIG}\r\n"))
    moved = [0]

    def pour() -> None:
        piece = b"x" * 65_536
        for _ in range(BIG // len(piece)):
            client.sendall(piece)
            moved[0] += len(piece)

    pouring = threading.Thread(target=pour)
    pouring.start()
    settled(stage, moved)
    assert moved[0] < BIG
    assert buffered(stage) < 1 << 20
    release.set()
    assert len(read_reply(Conversation(client)).body) == BIG
    pouring.join(10)
    (row,) = stage.events(1)
    assert (column(row, "outcome"), column(row, "bytes_in")) == (Outcome.COMPLETED, BIG)


def test_a_client_that_stops_reading_is_given_up(stage: Stage, upstream: Upstream) -> None:
    def pour(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + b"x" * BIG)
        return False

    upstream.scripts["a"] = pour
    client = stage.connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    client.sendall(request("/quick/a"))
    (row,) = stage.events(1)
    assert column(row, "outcome") == Outcome.CLIENT_GONE_RESPONSE


def test_an_exchange_that_stays_open_is_reported_in_between(stage: Stage, upstream: Upstream) -> None:
    def wait(conversation: Conversation, seen: Seen) -> bool:
        assert upstream.release.wait(10)
        return plain(conversation, seen)

    upstream.scripts["wait"] = wait
    conversation = connect(stage)
    conversation.sock.sendall(request("/shop/wait"))
    wait_until(lambda: upstream.connections_of("wait") != [])

    def overdue() -> None:
        (connection,) = stage.listener.connections
        assert connection.exchange is not None
        connection.exchange.interim_at = 0.0
        stage.listener.wheel.put(connection, 0.0)

    stage.run(overdue)
    wait_until(lambda: len(stage.rows) == 1)
    upstream.release.set()
    assert read_reply(conversation).status == 200
    upstream.release.clear()
    interim, final = stage.events(2)
    assert (column(interim, "interim"), column(final, "interim")) == (1, 0)
    assert column(interim, "seq") == column(final, "seq")
    assert (column(interim, "outcome"), column(final, "outcome")) == ("", Outcome.COMPLETED)
