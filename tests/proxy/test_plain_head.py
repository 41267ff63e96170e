import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.head import BadRequest, Hosts, RequestHead, read_head
from proxy.headers import request_codes
from proxy.plain_head import MOST_LINES, Fields, read_plain

LIMIT_HEADERS = (b"x-tenant",)
NAMES = st.sampled_from(
    (
        *("Host", "host", "X-Api-Key", "User-Agent", "Accept", "Cookie", "X-Consumer", "X_Consumer", "TE"),
        *("Content-Length", "Transfer-Encoding", "Connection", "Expect", "Traceparent", "Forwarded", "Via"),
        *("X-Forwarded-For", "X-Tenant", "Upgrade", "Content-Type", "Authorization", "Max-Forwards", "X.Y"),
    )
) | st.text("aZ-_ :\t\0é1", max_size=4)
VALUES = st.sampled_from(
    (
        "",
        "a",
        "a b",
        "shop.example:80",
        "keep-alive",
        "close",
        "upgrade",
        "5",
        "+5",
        "0x5",
        "٣",
        "100-continue",
    )
) | st.text("aZ-_ :\t\0\n\ré1,", max_size=6)
COLONS = st.sampled_from((": ", ": ", ": ", ":", ":  ", " : "))
TARGETS = st.sampled_from(
    (
        "/",
        "/a/b",
        "/a?b=c",
        "/a?b?c",
        "/a/../b",
        "//a",
        "/%2e",
        "/%zz",
        "/a#b",
        "*",
        "http://a/b",
        "a",
        "/a b",
        "/..",
    )
) | st.text('/a?%.;é"<\x7f\x80', max_size=6)
METHODS = st.sampled_from(("GET", "GET", "POST", "HEAD", "OPTIONS", "get", "TRACE", "NONSENSE", ""))
VERSIONS = st.sampled_from(("HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.1 ", ""))


GOOD_LINES = st.sampled_from(
    (
        *(
            "Accept: a, b",
            "User-Agent: a/1 (b)",
            "X-Api-Key: k",
            "Connection: keep-alive",
            "Content-Length: 5",
        ),
        *("X-Consumer: a", "X_Consumer: a", "Upgrade: a", "Proxy-Connection: close", "Via: 1.1 a", "TE: a"),
        *("Traceparent: 00-0-0-00", "Max-Forwards: 1", "Cookie: a=b", "Keep-Alive: 5", "Content-Type: a/b"),
    )
)
LINES = GOOD_LINES | GOOD_LINES | st.tuples(NAMES, COLONS, VALUES).map("".join)
GOOD_FIRST = st.sampled_from(("GET / HTTP/1.1", "POST /a?b HTTP/1.1", "DELETE /a/./b?c?d HTTP/1.1"))
FIRST = GOOD_FIRST | GOOD_FIRST | st.tuples(METHODS, TARGETS, VERSIONS).map(" ".join)


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    host = draw(st.sampled_from(("Host: shop.example", "Host: shop.example:80", "host: a", "Accept: a")))
    lines = [draw(FIRST), host, *draw(st.lists(LINES, max_size=5))]
    text = "\r\n".join(lines).encode("utf-8")
    return text.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def as_sent(head: RequestHead) -> tuple[object, ...]:
    return (
        *(head.method, head.path, head.query, head.authority, head.host, head.version, head.keep_alive),
        *(
            head.content_length,
            head.chunked,
            head.expects_continue,
            head.noted,
            b"".join(head.lines),
            head.names,
        ),
    )


@given(heads())
def test_a_plain_head_is_what_the_parser_reads(head: bytes) -> None:
    codes = request_codes(b"x-api-key", LIMIT_HEADERS)
    fields = Fields(codes)
    for _ in range(2):  # the second time from memory
        plain = read_plain(head, fields, Hosts())
        if plain is not None:
            assert as_sent(plain) == as_sent(read_head(head, codes, Hosts()))


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost:a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: b\nC: d\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(head: bytes) -> None:
    assert read_plain(head, Fields(request_codes(b"x-api-key", ())), Hosts()) is None


def test_an_ordinary_head_is_plain() -> None:
    head = b"POST /a?b HTTP/1.1\r\nHost: a\r\nX-Real-IP: 1\r\nContent-Length: 3\r\nVia: b\r\n\r\n"
    plain = read_plain(head, Fields(request_codes(b"x-api-key", ())), Hosts())
    assert plain is not None
    assert b"".join(plain.lines) == b""


def test_refusals_are_the_parsers() -> None:
    with pytest.raises(BadRequest, match="not a host"):
        read_head(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", request_codes(b"x-api-key", ()), Hosts())
    assert (
        read_plain(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Fields(request_codes(b"k", ())), Hosts()) is None
    )


def test_what_is_remembered_is_bounded() -> None:
    fields = Fields(request_codes(b"x-api-key", ()))
    for number in range(MOST_LINES + 2):
        head = b"GET /%d HTTP/1.1\r\nHost: a\r\nAccept: %d\r\nTraceparent: %d\r\n\r\n" % (
            number,
            number,
            number,
        )
        assert read_plain(head, fields, Hosts()) is not None
    assert len(fields) <= MOST_LINES
    assert len(fields.paths) <= MOST_LINES
    assert not [line for line in fields if line.startswith(b"Traceparent")]
