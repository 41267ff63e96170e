"""Response heads: what is cut, what is kept, what no client may see."""

import pytest

from proxy.framing import Body, Malformed
from proxy.response import (
    ResponseHead,
    check_partial_response,
    cut_line,
    read_response_head,
    response_codes,
    status_line,
    to_client,
)


def read(fields: bytes, line: bytes = b"HTTP/1.1 200 Sure") -> ResponseHead:
    return read_response_head(line + b"\r\n" + fields + b"\r\n", response_codes())


def test_fields_go_through_as_they_came() -> None:
    head = read(
        b"Content-Length:  5\r\nX-A:b\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nconnection: Keep-Alive\r\n"
    )
    assert (head.status, head.length, head.keep_alive, head.chunked) == (200, 5, True, False)
    assert head.block == b"Content-Length:  5\r\nX-A:b\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"


def test_hop_by_hop_fields_and_what_connection_names_go() -> None:
    head = read(b"X-Hop: 1\r\nConnection: close, X-HOP\r\nKeep-Alive: x\r\nTransfer-Encoding: chunked\r\n")
    assert (head.block, head.keep_alive, head.chunked) == (b"", False, True)


def test_an_empty_response_to_delete_has_no_length() -> None:
    assert read(b"Content-Length: 0\r\nA: b\r\n", b"HTTP/1.1 204 No").block == b"A: b\r\n"


@pytest.mark.parametrize(
    ("block", "left"),
    [
        (b"A: b\r\nC: d\r\n", b"C: d\r\n"),
        (b"C: d\r\nA: b\r\n", b"C: d\r\n"),
        (b"C: d\r\nA:   b\r\nE: f\r\n", b"C: d\r\nE: f\r\n"),
        (b"A:b \r\n", b""),
        (b"XA: b\r\nC: A: b\r\nA: b\r\n", b"XA: b\r\nC: A: b\r\n"),
        (b"A: b\r\nA: b\r\n", b"A: b\r\n"),
    ],
)
def test_exactly_one_line_is_cut(block: bytes, left: bytes) -> None:
    assert cut_line(block, b"A", b"b") == left


@pytest.mark.parametrize(
    "received", [b"SSH-2.0", b"HTTP/2", b"HTTP/1.1 200 OK\nA", b"HTTP/1.1 200 OK\r\nA: \0", b"H" * 70_000]
)
def test_a_hopeless_response_is_not_waited_for(received: bytes) -> None:
    with pytest.raises(Malformed):
        check_partial_response(received)


def test_a_hopeful_response_is_waited_for() -> None:
    for received in (b"H", b"HTTP/1.1 200 OK\r", b"HTTP/1.1 200 OK\r\nA: b\r\n\r"):
        check_partial_response(received)


def test_the_client_is_told_how_the_body_ends_on_its_version() -> None:
    head = read(b"Via: 1.0 inner\r\n")
    lines = b"".join(to_client(head, Body.CHUNKED, "1.1", closing=False, fields=b"own: 1\r\n"))
    assert lines == (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nvia: 1.0 inner, 1.1 tidegate\r\nown: 1\r\n\r\n"
    )
    assert b"connection: close" in b"".join(to_client(head, Body.CLOSE, "1.0", closing=True, fields=b""))
    assert b"connection: keep-alive" in b"".join(to_client(head, Body.NONE, "1.0", closing=False, fields=b""))


def test_a_strange_status_has_no_phrase() -> None:
    assert status_line(299) == b"HTTP/1.1 299 \r\n"
