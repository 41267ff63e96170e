"""Responses: what an upstream said, and the head that the client sees instead."""

import http
from typing import NamedTuple

import httptools

from proxy import headers
from proxy.framing import Body, Malformed
from proxy.head import BARE, HeadReader
from proxy.headers import GATEWAY, Codes, connection_options

MOST_RESPONSE_HEAD_BYTES = 65_536
MOST_LENGTH_DIGITS = 18
LEAST_STATUS, FINAL_STATUS, LAST_STATUS = 100, 200, 999
FORWARDED_INTERIM = frozenset({100, 103})
MOST_INTERIM = 16  # 1xx responses before a final one
KNOWN_OPTIONS = frozenset({b"close", b"keep-alive"})
PLAIN_OPTIONS: dict[bytes, frozenset[bytes]] = {
    b"keep-alive": frozenset({b"keep-alive"}),
    b"close": frozenset({b"close"}),
}


class ResponseHead(NamedTuple):
    """A response's head; `length` is -1 where none is declared, `lines` are the fields to forward."""

    status: int
    keep_alive: bool
    length: int
    chunked: bool
    lines: list[bytes]
    via: bytes


def phrase_of(status: int) -> str:
    """The standard reason phrase, or an empty string."""
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return ""


def status_line(status: int) -> bytes:
    """The status line, with the standard phrase whatever the upstream said."""
    return b"HTTP/1.1 %d %b\r\n" % (status, phrase_of(status).encode())


STATUS_LINES: dict[int, bytes] = {status: status_line(status) for status in range(100, 600)}


def response_codes() -> Codes:
    """Codes of response fields."""
    return Codes(headers.RESPONSE)


def check_partial_response(received: bytes) -> None:
    """Refuse a head that is not whole and cannot become a good one. Raises Malformed."""
    if len(received) > MOST_RESPONSE_HEAD_BYTES:
        raise Malformed("the response head is larger than 64 KB")
    if not received.startswith(b"HTTP/1."[: len(received)]):
        raise Malformed("not an HTTP response")
    if BARE(received) is not None:
        raise Malformed("a bare CR, a bare LF or a NUL in the response head")


def read_response_head(head: bytes, codes: Codes) -> ResponseHead:
    """Parse a whole response head. Raises Malformed."""
    if len(head) > MOST_RESPONSE_HEAD_BYTES:
        raise Malformed("the response head is larger than 64 KB")
    reader = HeadReader()
    parser = httptools.HttpResponseParser(reader)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        raise Malformed("an upgrade that nobody asked for") from None
    except httptools.HttpParserError as wrong:
        raise Malformed(str(wrong) or "malformed response") from wrong
    version = head[:8]
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Malformed("not HTTP/1.1 or HTTP/1.0")
    status: int = parser.get_status_code()
    if not LEAST_STATUS <= status <= LAST_STATUS:
        raise Malformed("not a status")
    noted: dict[int, bytes] = {}
    lines: list[bytes] = []
    for name, value in zip(reader.names, reader.values, strict=True):
        code = codes[name]
        if not code:
            lines += (name, b": ", value, b"\r\n")
        elif code != headers.DROP:
            noted[code] = noted[code] + b", " + value if code in noted else value
    return to_response_head(status, version == b"HTTP/1.1", Fields(noted, lines))


class Fields(NamedTuple):
    """The fields of a response by code, and those that are forwarded."""

    noted: dict[int, bytes]
    lines: list[bytes]


def to_response_head(status: int, is_current: bool, fields: Fields) -> ResponseHead:
    """Check the framing. Raises Malformed where two parties may read it differently."""
    noted, lines = fields
    keep_alive = is_current
    connection = noted.get(headers.CONNECTION)
    if connection is not None:
        options = PLAIN_OPTIONS.get(connection) or connection_options(connection)
        keep_alive = (is_current or b"keep-alive" in options) and b"close" not in options
        if not KNOWN_OPTIONS.issuperset(options):
            lines = without(lines, options)
    coding = noted.get(headers.TRANSFER_ENCODING)
    declared = noted.get(headers.CONTENT_LENGTH)
    length = -1
    if coding is not None:
        if declared is not None or not is_current:
            raise Malformed("Transfer-Encoding with Content-Length or in HTTP/1.0")
        if coding.strip(b" \t").lower() != b"chunked":
            raise Malformed("a transfer coding other than chunked")
    elif declared is not None:
        digits = declared.strip(b" \t")
        if not digits.isdigit() or len(digits) > MOST_LENGTH_DIGITS:
            raise Malformed("not a Content-Length")
        length = int(digits)
    via = noted.get(headers.VIA)
    return ResponseHead(status, keep_alive, length, coding is not None, lines, via or b"")


def without(lines: list[bytes], named: frozenset[bytes]) -> list[bytes]:
    """Lines without the fields that `Connection` names."""
    kept: list[bytes] = []
    for at in range(0, len(lines), 4):
        if lines[at].lower() not in named:
            kept += lines[at : at + 4]
    return kept


class Framing(NamedTuple):
    """How the client will see the body, on which version, and whether the connection ends after it."""

    body: Body
    version: str
    closing: bool


def to_client(head: ResponseHead, framing: Framing, fields: bytes) -> list[bytes]:
    """The head that the client sees, in pieces; `fields` are whole lines of the gateway's own."""
    status = head.status
    out = [STATUS_LINES.get(status) or status_line(status), *head.lines]
    if framing.body is Body.LENGTH:
        out.append(b"content-length: %d\r\n" % head.length)
    elif framing.body is Body.NONE:
        if head.length >= 0 and status != 204:
            out.append(b"content-length: %d\r\n" % head.length)
    elif framing.version == "1.1":
        out.append(b"transfer-encoding: chunked\r\n")
    if framing.closing:
        out.append(b"connection: close\r\n")
    elif framing.version == "1.0":
        out.append(b"connection: keep-alive\r\n")
    via = b"%b, 1.1 %b" % (head.via, GATEWAY) if head.via else b"1.1 " + GATEWAY
    out.append(b"via: %b\r\n%b\r\n" % (via, fields))
    return out
