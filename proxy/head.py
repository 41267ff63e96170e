"""Request heads: parsed by httptools, then held to what two servers could not read differently.

A head is parsed only when it is whole, so that how it was cut into packets cannot matter.
"""

import re
from typing import NamedTuple

import httptools

from proxy import headers
from proxy.headers import Ambiguous, Codes, connection_options, sort_fields, strip_named
from proxy.paths import normalise

MOST_HEAD_BYTES = 32_768
MOST_FIELDS = 100
MOST_HOSTS = 4_096  # memo of checked hosts
MOST_LENGTH_DIGITS = 18
END = b"\r\n\r\n"

BARE = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\0").search  # a line ending that not everybody sees
AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?").fullmatch
ABSOLUTE = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL).fullmatch
TOKEN_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [^ ]+ HTTP/[0-9]\.[0-9]\r\n").match
VERSION_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [^ ]+ HTTP/([0-9]\.[0-9])\r\n").match
TOKEN_BYTES = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\r")
METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
REFUSED_METHODS = frozenset({b"CONNECT", b"TRACE", b"PRI", b"SOURCE"})


class BadRequest(ValueError):  # states a fact
    """A head that is refused before any route is asked: `status` and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class RequestHead(NamedTuple):
    """A request's head.

    `path` is normal, `query` holds its question mark, `authority` is as sent and `host` its name in
    lower case; `content_length` is -1 where none is declared; `lines` are the fields to forward.
    """

    method: str
    path: str
    query: bytes
    authority: bytes
    host: str
    version: str
    keep_alive: bool
    content_length: int
    chunked: bool
    expects_continue: bool
    noted: dict[int, bytes]
    lines: list[bytes]
    names: list[bytes]


class HeadReader:
    """Callbacks of httptools for one head."""

    __slots__ = ("names", "url", "values")

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self.values: list[bytes] = []
        self.url = b""

    def on_url(self, url: bytes) -> None:
        """The request target."""
        self.url = url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        self.names.append(name)
        self.values.append(value)


class Hosts(dict[bytes, str]):
    """Authority as sent -> host name in lower case without port; empty where it is none."""

    def __missing__(self, authority: bytes) -> str:
        host = ""
        if AUTHORITY(authority) is not None:
            name = authority if authority.endswith(b"]") else authority.rpartition(b":")[0] or authority
            host = name.decode("ascii").lower()
        if len(self) < MOST_HOSTS:
            self[authority] = host
        return host


def check_partial(received: bytes, checked: int = 0) -> None:
    """Refuse a head that is not whole yet and cannot become a good one. Raises BadRequest.

    The first `checked` bytes were seen before.
    """
    if received[0] not in TOKEN_BYTES:
        raise BadRequest(400, "not an HTTP request")
    if BARE(received, max(0, checked - 1), MOST_HEAD_BYTES) is not None:
        raise BadRequest(400, "a bare CR, a bare LF or a NUL in the head")
    if len(received) > MOST_HEAD_BYTES:
        raise BadRequest(431, "the head is larger than 32 KB")


def read_head(head: bytes, codes: Codes, hosts: Hosts) -> RequestHead:
    """Parse a whole head, with its empty line. Raises BadRequest."""
    reader = HeadReader()
    parser = httptools.HttpRequestParser(reader)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # Upgrade is not forwarded (RFC 9110 section 7.8)
    except httptools.HttpParserError as wrong:
        raise refusal_of(head, wrong) from wrong
    version = check_line(head, parser.get_method(), reader.url)
    names, values = reader.names, reader.values
    if len(names) > MOST_FIELDS:
        raise BadRequest(431, "more than 100 fields")
    try:
        fields = sort_fields(names, values, codes)
        connection = fields.noted.get(headers.CONNECTION)
        keep_alive = version == "1.1"
        if connection is not None:
            options = connection_options(connection)
            keep_alive = (keep_alive or b"keep-alive" in options) and b"close" not in options
            if not CLOSING_OR_NOT.issuperset(options):
                fields = strip_named(names, values, codes, options)
    except Ambiguous as wrong:
        raise BadRequest(400, str(wrong)) from wrong
    return to_request_head(Line(parser.get_method(), reader.url, version, keep_alive), fields, names, hosts)


CLOSING_OR_NOT = frozenset({b"close", b"keep-alive"})


class Line(NamedTuple):
    """The request line, and whether the connection may go on after the request."""

    method: bytes
    url: bytes
    version: str
    keep_alive: bool


def to_request_head(line: Line, fields: headers.Sorted, names: list[bytes], hosts: Hosts) -> RequestHead:
    """Check what is told twice, and put the head together. Raises BadRequest."""
    noted = fields.noted
    authority = noted.get(headers.HOST)
    target = line.url
    if not target.startswith(b"/"):
        authority, target = split_target(target)
    if authority is None:
        raise BadRequest(400, "no Host")
    host = hosts[authority]
    if not host:
        raise BadRequest(400, "not a host")
    raw_path, mark, query = target.partition(b"?")
    path = normalise(raw_path)
    if path is None:
        raise BadRequest(400, "a path that does not normalise")
    length, chunked = request_length(noted, line.version)
    expect = noted.get(headers.EXPECT)
    if expect is not None and expect.lower() != b"100-continue":
        raise BadRequest(417, "an unknown expectation")
    return RequestHead(
        METHODS.get(line.method) or line.method.decode("ascii"),
        path,
        mark + query,
        authority,
        host,
        line.version,
        line.keep_alive,
        length,
        chunked,
        expect is not None and line.version == "1.1" and (chunked or length > 0),
        noted,
        fields.lines,
        names,
    )


def check_line(head: bytes, method: bytes, url: bytes) -> str:
    """The version. Raises BadRequest where the request line is not `METHOD SP TARGET SP VERSION`."""
    end = len(method) + len(url) + 2
    version = head[end : end + 10]
    if version == b"HTTP/1.1\r\n":
        known = "1.1"
    elif version == b"HTTP/1.0\r\n":
        known = "1.0"
    elif VERSION_LINE(head) is not None:
        raise BadRequest(505, "not HTTP/1.1 or HTTP/1.0")
    else:
        raise BadRequest(400, "not a request line")
    if method in REFUSED_METHODS:
        raise BadRequest(501, f"{method.decode()} is not implemented")
    return known


def refusal_of(head: bytes, wrong: httptools.HttpParserError) -> BadRequest:
    """The status for what httptools refused."""
    if isinstance(wrong, httptools.HttpParserInvalidMethodError) and TOKEN_LINE(head) is not None:
        return BadRequest(501, "an unknown method")
    line = VERSION_LINE(head)
    if line is not None and line[1] not in (b"1.1", b"1.0"):
        return BadRequest(505, "not HTTP/1.1 or HTTP/1.0")
    return BadRequest(400, str(wrong) or "malformed")


def split_target(target: bytes) -> tuple[bytes, bytes]:
    """(authority, origin form) of an absolute-form target, whose authority replaces Host (RFC 9112 3.2.2)."""
    if target == b"*":
        raise BadRequest(501, "OPTIONS * is not implemented")
    absolute = ABSOLUTE(target)
    if absolute is None:
        raise BadRequest(400, "neither origin form nor absolute form")
    authority, rest = absolute[1], absolute[2]
    return authority, rest if rest.startswith(b"/") else b"/" + rest


def request_length(noted: dict[int, bytes], version: str) -> tuple[int, bool]:
    """(Content-Length or -1, whether chunked). Raises BadRequest where the framing is ambiguous."""
    coding = noted.get(headers.TRANSFER_ENCODING)
    declared = noted.get(headers.CONTENT_LENGTH)
    if coding is None and declared is None:
        return -1, False
    if coding is not None:
        if declared is not None:
            raise BadRequest(400, "Content-Length with Transfer-Encoding")
        if version != "1.1":
            raise BadRequest(400, "Transfer-Encoding in HTTP/1.0")
        if coding.strip(b" \t").lower() != b"chunked":
            raise BadRequest(400, "a transfer coding other than chunked")
        return -1, True
    digits = (declared or b"").strip(b" \t")
    if not digits.isdigit() or len(digits) > MOST_LENGTH_DIGITS:
        raise BadRequest(400, "not a Content-Length")
    return int(digits), False
