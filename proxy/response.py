"""Responses: what an upstream said, and the head that the client sees instead."""

import http
import re

import httptools
import msgspec

from proxy import headers
from proxy.framing import Body, Malformed
from proxy.head import BARE
from proxy.headers import GATEWAY, Codes, connection_options

MOST_RESPONSE_HEAD_BYTES = 65_536
MOST_LENGTH_DIGITS = 18
CHUNKED = Body.CHUNKED  # a member looked up in its class costs 30 ns
VERSIONS = frozenset({b"HTTP/1.1", b"HTTP/1.0"})
LEAST_STATUS, FINAL_STATUS, LAST_STATUS = 100, 200, 999
FORWARDED_INTERIM = frozenset({100, 103})
MOST_INTERIM = 16  # 1xx responses before a final one
KNOWN_OPTIONS = frozenset({b"close", b"keep-alive"})
PLAIN_OPTIONS: dict[bytes, frozenset[bytes]] = {
    b"keep-alive": frozenset({b"keep-alive"}),
    b"close": frozenset({b"close"}),
}


class ResponseHead(msgspec.Struct, frozen=True, gc=False):
    """A response's head; `length` is -1 where none is declared.

    `block` holds the lines that are forwarded as they came, Content-Length among them.
    """

    status: int
    keep_alive: bool
    length: int
    chunked: bool
    block: bytes
    via: bytes


class ResponseReader:
    """Callbacks of httptools for one head: keeps the fields that do not go through as they are."""

    __slots__ = ("_codes", "found")

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self.found: list[tuple[int, bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        code = self._codes[name]
        if code:
            self.found.append((code, name, value))


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
    reader = ResponseReader(codes)
    parser = httptools.HttpResponseParser(reader)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        raise Malformed("an upgrade that nobody asked for") from None
    except httptools.HttpParserError as wrong:
        raise Malformed(str(wrong) or "malformed response") from wrong
    version = head[:8]
    if version not in VERSIONS:
        raise Malformed("not HTTP/1.1 or HTTP/1.0")
    status: int = parser.get_status_code()
    if not LEAST_STATUS <= status <= LAST_STATUS:
        raise Malformed("not a status")
    block = head[head.index(b"\r\n") + 2 : -2]
    noted: dict[int, bytes] = {}
    for code, name, value in reader.found:
        if code == headers.CONTENT_LENGTH:
            noted[code] = value
            if status == 204 or status < FINAL_STATUS:  # RFC 9110 section 8.6
                block = cut_line(block, name, value)
            continue
        block = cut_line(block, name, value)
        if code != headers.DROP:
            noted[code] = noted[code] + b", " + value if code in noted else value
    return to_response_head(status, version == b"HTTP/1.1", noted, block)


def cut_line(block: bytes, name: bytes, value: bytes) -> bytes:
    """Lines without the first one that is this field."""
    line = b"%b: %b\r\n" % (name, value)
    if block.startswith(line):
        return block[len(line) :]
    line = b"\r\n" + line
    if line in block:
        return block.replace(line, b"\r\n", 1)
    spaced = rb"(?:\A|(?<=\r\n))" + re.escape(name) + rb":[ \t]*" + re.escape(value) + rb"[ \t]*\r\n"
    return re.sub(spaced, b"", block, count=1)


def to_response_head(status: int, is_current: bool, noted: dict[int, bytes], block: bytes) -> ResponseHead:
    """Check the framing. Raises Malformed where two parties may read it differently."""
    keep_alive = is_current
    connection = noted.get(headers.CONNECTION)
    if connection is not None:
        options = PLAIN_OPTIONS.get(connection) or connection_options(connection)
        keep_alive = (is_current or b"keep-alive" in options) and b"close" not in options
        if not KNOWN_OPTIONS.issuperset(options):
            block = without(block, options)
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
    return ResponseHead(status, keep_alive, length, coding is not None, block, noted.get(headers.VIA, b""))


def without(block: bytes, named: frozenset[bytes]) -> bytes:
    """Lines without the fields that `Connection` names."""
    lines = block.split(b"\r\n")
    return b"\r\n".join(line for line in lines if line.partition(b":")[0].lower() not in named)


def to_client(head: ResponseHead, body: Body, version: str, *, closing: bool, fields: bytes) -> list[bytes]:
    """The head that the client sees, in pieces.

    `body` is how the client will see the body, on `version`; `fields` are whole lines of our own.
    """
    status = head.status
    out = [STATUS_LINES.get(status) or status_line(status), head.block]
    if body is CHUNKED:
        out.append(b"transfer-encoding: chunked\r\n")
    if closing:
        out.append(b"connection: close\r\n")
    elif version == "1.0":
        out.append(b"connection: keep-alive\r\n")
    if head.via:
        out.append(b"via: %b, 1.1 %b\r\n%b\r\n" % (head.via, GATEWAY, fields))
    else:
        out.append(b"via: 1.1 %b\r\n%b\r\n" % (GATEWAY, fields))
    return out
