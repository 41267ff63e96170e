"""Malformed, ambiguous and hostile requests: refused with an event, never a forwarded byte."""

import socket
from collections.abc import Iterator

import pytest

from kernel.events import Outcome
from tests.proxy.fakes import (
    Conversation,
    Stage,
    Upstream,
    column,
    policy_text,
    read_reply,
    read_to_end,
    wait_until,
)

HOST = b"Host: shop.example\r\n"
POST = b"POST /shop/a HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def get(fields: bytes = b"", line: bytes = b"GET /shop/a HTTP/1.1") -> bytes:
    """A GET with further field lines."""
    return line + b"\r\n" + HOST + fields + b"\r\n"


# name -> (bytes, status)
REFUSED: dict[str, tuple[bytes, int]] = {
    "no Host": (b"GET /shop/a HTTP/1.1\r\n\r\n", 400),
    "no Host in HTTP/1.0": (b"GET /shop/a HTTP/1.0\r\n\r\n", 400),
    "two Hosts": (get(b"Host: other.example\r\n"), 400),
    "two equal Hosts": (get(HOST), 400),
    "an empty Host": (b"GET /shop/a HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "a list of Hosts": (b"GET /shop/a HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    "a Host with a path": (b"GET /shop/a HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "a Host with userinfo": (b"GET /shop/a HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    "absolute form with two Hosts": (get(HOST, b"GET http://a/shop/a HTTP/1.1"), 400),
    "absolute form without an authority": (get(line=b"GET http:///shop/a HTTP/1.1"), 400),
    "another scheme": (get(line=b"GET ftp://a/shop/a HTTP/1.1"), 400),
    "HTTP/1.0 with Transfer-Encoding": (
        b"POST /shop/a HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "CL with TE": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "TE with CL": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "CL twice, different": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
    "CL twice, equal": (POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", 400),
    "CL as a list": (POST + b"Content-Length: 5, 5\r\n\r\nabcde", 400),
    "CL with a sign": (POST + b"Content-Length: +5\r\n\r\nabcde", 400),
    "negative CL": (POST + b"Content-Length: -5\r\n\r\nabcde", 400),
    "CL in hex": (POST + b"Content-Length: 0x5\r\n\r\nabcde", 400),
    "empty CL": (POST + b"Content-Length:\r\n\r\n", 400),
    "enormous CL": (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    "TE xchunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    "TE gzip, chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "TE chunked, chunked": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "TE chunked, identity": (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    "TE twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "TE identity": (POST + b"Transfer-Encoding: identity\r\n\r\n", 400),
    "empty TE": (POST + b"Transfer-Encoding:\r\n\r\n", 400),
    "TE with a vertical tab": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    "space before colon": (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    "tab before colon": (get(b"X-A\t: b\r\n"), 400),
    "obs-fold": (get(b"X-A: b\r\n c\r\n"), 400),
    "a folded first field": (b"GET /shop/a HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n", 400),
    "bare LF in the head": (b"GET /shop/a HTTP/1.1\nHost: shop.example\n\n", 400),
    "bare LF after a field": (get(b"X-A: b\nX-B: c\r\n"), 400),
    "bare CR in a value": (get(b"X-A: b\rX-Evil: 1\r\n"), 400),
    "NUL in a value": (get(b"X-A: b\0c\r\n"), 400),
    "control character in a value": (get(b"X-A: b\x01c\r\n"), 400),
    "header without colon": (get(b"junk\r\n"), 400),
    "empty field name": (get(b": junk\r\n"), 400),
    "field name with a parenthesis": (get(b"X(A): b\r\n"), 400),
    "space in the target": (get(line=b"GET /shop/ a HTTP/1.1"), 400),
    "two spaces": (get(line=b"GET  /shop/a HTTP/1.1"), 400),
    "tab in the request line": (get(line=b"GET\t/shop/a HTTP/1.1"), 400),
    "space after the version": (get(line=b"GET /shop/a HTTP/1.1 "), 400),
    "no version": (b"GET /shop/a\r\n\r\n", 400),
    "target without slash": (get(line=b"GET shop/a HTTP/1.1"), 400),
    "raw high byte in the target": (get(line=b"GET /shop/\xff HTTP/1.1"), 400),
    "HTTP/1.2": (get(line=b"GET /shop/a HTTP/1.2"), 505),
    "HTTP/2.0": (get(line=b"GET /shop/a HTTP/2.0"), 505),
    "HTTP/0.9": (get(line=b"GET /shop/a HTTP/0.9"), 505),
    "the HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "RTSP": (get(line=b"DESCRIBE /shop/a RTSP/1.0"), 400),
    "CONNECT": (get(line=b"CONNECT shop.example:443 HTTP/1.1"), 501),
    "TRACE": (get(line=b"TRACE /shop/a HTTP/1.1"), 501),
    "an unknown method": (get(line=b"FROBNICATE /shop/a HTTP/1.1"), 501),
    "a method in lower case": (get(line=b"get /shop/a HTTP/1.1"), 501),
    "OPTIONS *": (get(line=b"OPTIONS * HTTP/1.1"), 501),
    "an unknown expectation": (get(b"Expect: 200-ok\r\n"), 417),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    "two blank lines": (b"\r\n\r\n" + get(), 400),
    "a big head": (get(b"X-A: " + b"a" * 40_000 + b"\r\n"), 431),
    "a big head without an end": (b"GET /shop/a HTTP/1.1\r\nX-A: " + b"a" * 40_000, 431),
    "a big target": (get(line=b"GET /shop/" + b"a" * 40_000 + b" HTTP/1.1"), 431),
    "101 fields": (get(b"X-A: b\r\n" * 100), 431),
    "two API keys": (get(b"X-Api-Key: a\r\nX-Api-Key: b\r\n"), 400),
    "Connection names Host": (get(b"Connection: close, Host\r\n"), 400),
    "Connection names Content-Length": (
        POST + b"Connection: content-length\r\nContent-Length: 1\r\n\r\na",
        400,
    ),
    "Connection names Content-Type": (get(b"Connection: Content-Type\r\n"), 400),
    "Connection names Authorization": (get(b"Connection: authorization\r\nAuthorization: x\r\n"), 400),
    "Connection names the API key": (get(b"Connection: X-Api-Key\r\nX-Api-Key: k\r\n"), 400),
    "Connection names X-Forwarded-For": (get(b"Connection: x-forwarded-for\r\n"), 400),
    "Connection names Forwarded": (get(b"Connection: forwarded\r\n"), 400),
    "Connection names Via": (get(b"Connection: via\r\n"), 400),
    "Connection names X-Consumer": (get(b"Connection: x-consumer\r\n"), 400),
    "Connection names Traceparent": (get(b"Connection: traceparent\r\n"), 400),
    "Connection names Transfer-Encoding": (CHUNKED[:-2] + b"Connection: transfer-encoding\r\n\r\n", 400),
    "a path above its root": (get(line=b"GET /../shop/a HTTP/1.1"), 400),
    "an encoded path above its root": (get(line=b"GET /%2e%2e/shop/a HTTP/1.1"), 400),
    "an encoded slash": (get(line=b"GET /shop%2fa HTTP/1.1"), 400),
    "an encoded backslash": (get(line=b"GET /shop/%5ca HTTP/1.1"), 400),
    "a backslash": (get(line=b"GET /shop\\a HTTP/1.1"), 400),
    "an encoded NUL": (get(line=b"GET /shop/%00 HTTP/1.1"), 400),
    "a broken escape": (get(line=b"GET /shop/%zz HTTP/1.1"), 400),
    "a fragment": (get(line=b"GET /shop/a#b HTTP/1.1"), 400),
    "dots with parameters": (get(line=b"GET /shop/..;/a HTTP/1.1"), 400),
}

# Refused after the head was good: the body's framing is broken.
BROKEN_BODIES: dict[str, bytes] = {
    "chunk size 0x5": b"0x5\r\nabcde\r\n0\r\n\r\n",
    "chunk size with a sign": b"+5\r\nabcde\r\n0\r\n\r\n",
    "negative chunk size": b"-5\r\nabcde\r\n0\r\n\r\n",
    "empty chunk size": b"\r\nabcde\r\n0\r\n\r\n",
    "chunk size with an underscore": b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
    "chunk size with a space": b"5 \r\nabcde\r\n0\r\n\r\n",
    "chunk size of 17 digits": b"f" * 17 + b"\r\nabcde",
    "bare LF after the size": b"5\nabcde\r\n0\r\n\r\n",
    "bare LF in an extension": b"5;a\nabcde\r\n0\r\n\r\n",
    "bare CR in an extension": b"5;a\rb\r\nabcde\r\n0\r\n\r\n",
    "chunk data without CRLF": b"5\r\nabcdeXX0\r\n\r\n",
    "chunk data ended by LF": b"5\r\nabcde\n0\r\n\r\n",
    "an endless extension": b"5;" + b"a" * 2_000,
    "a trailer without colon": b"0\r\njunk\r\n\r\n",
    "a folded trailer": b"0\r\nA: b\r\n c\r\n\r\n",
    "endless trailers": b"0\r\n" + b"A: b\r\n" * 3_000 + b"\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_two_servers_could_read_differently_is_refused(
    stage: Stage, upstream: Upstream, name: str
) -> None:
    data, status = REFUSED[name]
    client = stage.connect()
    client.sendall(data)
    answer = read_to_end(client)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"\r\nconnection: close\r\n" in answer
    assert b"application/problem+json" in answer
    (row,) = stage.events(1)
    assert column(row, "outcome") == Outcome.BAD_REQUEST
    assert column(row, "status") == status
    assert column(row, "reason") == "bad-request"
    assert not upstream.seen


@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_a_broken_chunked_body_is_refused(stage: Stage, upstream: Upstream, name: str) -> None:
    client = stage.connect()
    client.sendall(CHUNKED + BROKEN_BODIES[name])
    answer = read_to_end(client)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    (row,) = stage.events(1)
    assert column(row, "outcome") == Outcome.BAD_REQUEST
    assert not any(seen.body for seen in upstream.seen)


def test_nothing_after_a_refused_head_is_read_as_a_request(stage: Stage, upstream: Upstream) -> None:
    client = stage.connect()
    client.sendall(b"GET /shop/a HTTP/1.1\r\n\r\n" + get())
    assert read_to_end(client).count(b"HTTP/1.1 ") == 1
    stage.events(1)
    assert not upstream.seen


def test_an_absolute_form_needs_no_host_and_replaces_it(stage: Stage, upstream: Upstream) -> None:
    conversation = Conversation(stage.connect())
    for fields in (b"", b"Host: ignored.example\r\n"):
        conversation.sock.sendall(b"GET http://api.example/items/1 HTTP/1.1\r\n" + fields + b"\r\n")
        assert read_reply(conversation).status == 200
    assert [column(row, "route") for row in stage.events(2)] == ["hosted", "hosted"]
    assert [seen.values("x-forwarded-host") for seen in upstream.seen] == [["api.example"]] * 2
    assert upstream.seen[0].target == "/items/1"


def test_one_blank_line_before_a_request_is_skipped(stage: Stage, upstream: Upstream) -> None:
    conversation = Conversation(stage.connect())
    for _ in range(2):
        conversation.sock.sendall(b"\r\n" + get())
        assert read_reply(conversation).status == 200
    stage.events(2)


@pytest.mark.parametrize(
    ("sent", "forwarded"),
    [
        ("/shop/a/../b", "/shop/b"),
        ("/shop/./a", "/shop/a"),
        ("/shop//a", "/shop/a"),
        ("//shop/a", "/shop/a"),
        ("/shop/%61", "/shop/a"),
        ("/shop/%e4", "/shop/%E4"),
        ("/shop/%252e", "/shop/%252e"),
        ("/shop/a|b", "/shop/a%7Cb"),
        ("/shop/a/", "/shop/a/"),
        ("/shop/a/..", "/shop/"),
        ("/shop/a?x=%2f../..", "/shop/a?x=%2f../.."),
        ("/%73hop/a", "/shop/a"),
        ("/closed/../shop/a", "/shop/a"),
        ("/shop/%2e%2e/shop/a", "/shop/a"),
    ],
)
def test_the_path_is_matched_and_forwarded_in_one_form(
    stage: Stage, upstream: Upstream, sent: str, forwarded: str
) -> None:
    conversation = Conversation(stage.connect())
    conversation.sock.sendall(get(line=f"GET {sent} HTTP/1.1".encode()))
    assert read_reply(conversation).status == 200
    (row,) = stage.events(1)
    assert column(row, "route") == "shop"
    assert upstream.seen[0].target == forwarded


def test_pipelined_bytes_are_held_and_bounded(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["wait"] = lambda conversation, seen: upstream.release.wait(10) and hello(conversation)
    client = stage.connect()
    client.sendall(get(line=b"GET /shop/wait HTTP/1.1"))
    wait_until(lambda: upstream.connections_of("wait") != [])
    client.setblocking(False)
    sent = 0
    flood = get(b"X-Pad: " + b"a" * 1_000 + b"\r\n") * 64
    try:
        while sent < 64 << 20:
            sent += client.send(flood)
    except BlockingIOError:
        pass
    (connection,) = stage.listener.connections
    wait_until(lambda: connection.paused)
    assert len(connection.held) <= 512 << 10
    upstream.release.set()
    upstream.release = type(upstream.release)()


def hello(conversation: Conversation) -> bool:
    """Answer."""
    conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    return True


def test_pipelined_requests_are_answered_in_order(stage: Stage, upstream: Upstream) -> None:
    conversation = Conversation(stage.connect())
    kinds = [b"/shop/%d", b"/nowhere/%d", b"/closed/%d", b"/python/%d"]
    targets = [kinds[at % 4] % at for at in range(200)]
    conversation.sock.sendall(b"".join(get(line=b"GET %b HTTP/1.1" % target) for target in targets))
    statuses = [read_reply(conversation).status for _ in targets]
    assert statuses == [200, 404, 401, 200] * 50
    stage.events(200)


@pytest.fixture
def two_each(stage: Stage, upstream: Upstream) -> Iterator[str]:
    """A policy by which an address has two connections at once."""
    before = stage.gateway.holder.snapshot
    text = policy_text(upstream.port, extra="max_connections_per_address: 2\n")
    stage.use(text)
    yield text
    stage.gateway.holder.snapshot = before


def is_served(client: socket.socket) -> bool:
    """Whether a connection's request is answered."""
    client.sendall(get())
    return read_reply(Conversation(client)).status == 200


def test_a_connection_too_many_of_an_address_is_closed_at_once(stage: Stage, two_each: str) -> None:
    refused = stage.listener.connections_refused
    first, second, third = [stage.connect() for _ in range(3)]
    assert read_to_end(third) == b""
    assert is_served(first)
    assert is_served(second)
    assert stage.listener.connections_refused == refused + 1
    first.close()
    wait_until(lambda: stage.listener.open_connections == 1)
    assert is_served(stage.connect())
    assert len(stage.events(3)) == 3


def test_a_trusted_proxy_may_have_any_number_of_connections(stage: Stage, two_each: str) -> None:
    stage.use(two_each + 'trusted_proxies: ["127.0.0.1"]\n')
    assert sum(is_served(stage.connect()) for _ in range(3)) == 3
