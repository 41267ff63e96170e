"""Request heads, parsed whole. The wire's tests hold the vectors; here are values and edges."""

import pytest

from kernel.methods import RELAYED
from proxy.head import (
    MOST_HEAD_BYTES,
    MOST_HOSTS,
    BadRequest,
    Hosts,
    RequestHead,
    check_partial,
    read_head,
)
from proxy.headers import request_codes

CODES = request_codes(b"x-api-key", [])


def read(head: bytes) -> RequestHead:
    return read_head(head, CODES, Hosts())


def test_a_head_is_told_in_its_parts() -> None:
    head = read(b"POST /a/%41?x=%2f HTTP/1.1\r\nHost: Api.Example:80\r\nContent-Length: 3\r\nA: b\r\n\r\n")
    assert (head.method, head.path, head.query) == ("POST", "/a/A", b"?x=%2f")
    assert (head.authority, head.host) == (b"Api.Example:80", "api.example")
    assert (head.version, head.keep_alive, head.content_length, head.chunked) == ("1.1", True, 3, False)
    assert head.lines == [b"A", b": ", b"b", b"\r\n"]
    assert head.names == b"Host\nContent-Length\nA"


@pytest.mark.parametrize("method", sorted(RELAYED))
def test_every_method_that_is_relayed_is_read(method: str) -> None:
    assert read(b"%b /a HTTP/1.1\r\nHost: a\r\n\r\n" % method.encode()).method == method


@pytest.mark.parametrize("method", [b"get", b"FROBNICATE", b"TRACE", b"SOURCE"])
def test_every_other_method_is_not_implemented(method: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        read(b"%b /a HTTP/1.1\r\nHost: a\r\n\r\n" % method)
    assert refused.value.status == 501


@pytest.mark.parametrize(
    ("line", "fields", "keeps"),
    [
        (b"HTTP/1.1", b"", True),
        (b"HTTP/1.1", b"Connection: close\r\n", False),
        (b"HTTP/1.1", b"Connection: Keep-Alive, CLOSE\r\n", False),
        (b"HTTP/1.0", b"", False),
        (b"HTTP/1.0", b"Connection: keep-alive\r\n", True),
    ],
)
def test_the_connection_goes_on_as_version_and_field_say(line: bytes, fields: bytes, keeps: bool) -> None:
    assert read(b"GET / " + line + b"\r\nHost: a\r\n" + fields + b"\r\n").keep_alive is keeps


@pytest.mark.parametrize(
    ("fields", "expects"),
    [
        (b"Expect: 100-Continue\r\nContent-Length: 1\r\n", True),
        (b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", True),
        (b"Expect: 100-continue\r\nContent-Length: 0\r\n", False),
        (b"Expect: 100-continue\r\n", False),
    ],
)
def test_only_who_has_a_body_waits_for_100(fields: bytes, expects: bool) -> None:
    assert read(b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n").expects_continue is expects


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"a.example", "a.example"),
        (b"A.Example:8080", "a.example"),
        (b"[::1]", "[::1]"),
        (b"[2001:DB8::1]:80", "[2001:db8::1]"),
        (b"a:b", ""),
        (b"a:", ""),
        (b"u@a", ""),
        (b"a b", ""),
        (b"", ""),
        (b"[::1", ""),
    ],
)
def test_an_authority_names_a_host_or_nothing(authority: bytes, host: str) -> None:
    assert Hosts()[authority] == host


def test_remembered_hosts_are_bounded() -> None:
    hosts = Hosts()
    for at in range(MOST_HOSTS + 10):
        assert hosts[b"h%d" % at] == f"h{at}"
    assert len(hosts) == MOST_HOSTS


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"\x16\x03", 400),
        (b"GET / HTTP/1.1\nHost", 400),
        (b"GET / HTTP/1.1\r\nA: \rB", 400),
        (b"GET / HTTP/1.1\r\nA: \0", 400),
        (b"GET /" + b"a" * MOST_HEAD_BYTES, 431),
    ],
)
def test_a_hopeless_head_is_not_waited_for(received: bytes, status: int) -> None:
    with pytest.raises(BadRequest) as refused:
        check_partial(received)
    assert refused.value.status == status


def test_a_hopeful_head_is_waited_for() -> None:
    for received in (b"G", b"GET / HTTP/1.1\r", b"GET / HTTP/1.1\r\nA: b\r\n\r"):
        check_partial(received)
