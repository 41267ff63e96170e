"""ASGI scopes: what becomes a head, and what is refused."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import headers, plain_head
from proxy.head import BadRequest, Hosts, RequestHead
from proxy.headers import request_codes
from proxy.scope import plain_scope, read_scope

Fields = list[tuple[bytes, bytes]]
HOST: Fields = [(b"host", b"shop.example:8080")]


def scope_of(**changes: Any) -> dict[str, Any]:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "raw_path": b"/orders/1",
        "path": "/orders/1",
        "query_string": b"",
        "headers": HOST,
    }
    return {**scope, **changes}


def read(**changes: Any) -> RequestHead:
    return read_scope(scope_of(**changes), request_codes(b"x-api-key", ()), Hosts())


def test_a_scope_becomes_the_head_that_bytes_would() -> None:
    head = read(query_string=b"a=1", headers=[*HOST, (b"accept", b"*/*"), (b"x-api-key", b"k")])
    assert (head.method, head.path, head.query) == ("GET", "/orders/1", b"?a=1")
    assert (head.host, head.authority, head.content_length) == ("shop.example", b"shop.example:8080", -1)
    assert head.lines == [b"accept", b": ", b"*/*", b"\r\n"]
    assert head.noted[headers.API_KEY] == b"k"
    assert head.keep_alive


def test_a_path_is_normalised_and_a_missing_raw_path_is_encoded() -> None:
    assert read(raw_path=b"/a/./b/../c").path == read(raw_path=b"/a/c").path
    assert read(raw_path=None, path="/a b").path == "/a%20b"


def test_fields_that_connection_names_are_not_forwarded() -> None:
    fields = [*HOST, (b"connection", b"close, x-hop"), (b"x-hop", b"1"), (b"x-end", b"2")]
    head = read(headers=fields)
    assert head.lines == [b"x-end", b": ", b"2", b"\r\n"]
    assert not head.keep_alive


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": []}, 400),
        ({"headers": HOST * 2}, 400),
        ({"headers": [(b"host", b"a/b")]}, 400),
        ({"headers": [*HOST, (b"x", b"a\r\nb: c")]}, 400),
        ({"headers": [*HOST, (b"x y", b"a")]}, 400),
        ({"headers": [*HOST, (b"", b"a")]}, 400),
        ({"headers": [*HOST, (b"connection", b"host")]}, 400),
        ({"headers": [*HOST, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")]}, 400),
        ({"headers": [*HOST, (b"content-length", b"+1")]}, 400),
        ({"headers": [*HOST, (b"transfer-encoding", b"gzip, chunked")]}, 400),
        ({"headers": [*HOST, (b"transfer-encoding", b"chunked")], "http_version": "1.0"}, 400),
        ({"headers": [*HOST, *[(b"x", b"1")] * 100]}, 431),
        ({"headers": [*HOST, (b"x", b"1" * 33_000)]}, 431),
        ({"method": "TRACE"}, 501),
        ({"method": "CONNECT"}, 501),
        ({"method": "get"}, 501),
        ({"method": "GE T"}, 400),
        ({"raw_path": b"/a b"}, 400),
        ({"raw_path": b"/../../etc"}, 400),
        ({"query_string": b"a\nb"}, 400),
    ],
)
def test_what_two_servers_could_read_differently_is_refused(changes: dict[str, Any], status: int) -> None:
    with pytest.raises(BadRequest) as refused:
        read(**changes)
    assert refused.value.status == status


def test_expect_is_the_servers_business() -> None:
    head = read(method="POST", headers=[*HOST, (b"content-length", b"5"), (b"expect", b"100-continue")])
    assert not head.expects_continue
    assert head.content_length == 5


def test_a_body_without_a_length_on_http_2_is_chunked() -> None:
    assert read(method="POST", http_version="2").chunked
    assert not read(method="GET", http_version="2").chunked
    assert not read(method="POST", http_version="2", headers=[*HOST, (b"content-length", b"3")]).chunked


PLAIN_NAMES = st.sampled_from(
    (b"host", b"accept", b"x-api-key", b"content-length", b"a: b", b"a b", b"te", b"")
)
PLAIN_VALUES = st.sampled_from((b"a", b"a b", b"5", b" a", b"a\r\nb: c", b"a: b", b""))


@given(
    st.lists(st.tuples(PLAIN_NAMES, PLAIN_VALUES), max_size=4),
    st.sampled_from((b"/", b"/a", b"/a?b", b"/a b", b"/..", b"", b"a")),
    st.sampled_from(("1.1", "1.0", "2")),
)
def test_a_plain_scope_is_what_the_careful_reading_says(fields: Fields, target: bytes, version: str) -> None:
    all_fields = [*HOST, *fields]
    scope = scope_of(raw_path=target, query_string=b"c=d", http_version=version, headers=all_fields)
    codes = request_codes(b"x-api-key", ())
    plain = plain_scope(scope, plain_head.Fields(codes), Hosts())
    if plain is not None:
        careful = read_scope(scope, codes, Hosts())
        assert b"".join(plain.lines) == b"".join(careful.lines)
        assert msgspec.structs.replace(plain, lines=careful.lines) == careful
