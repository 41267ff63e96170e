"""Request heads: parsed by httptools, then held to what two servers could not read differently.

A head is parsed only when it is whole, so that how it was cut into packets cannot matter.
"""

import re

import httptools
import msgspec

from kernel.methods import RELAYED
from kernel.paths import normalise
from proxy import headers
from proxy.headers import Ambiguous, Codes, Sorted, connection_options, sort_fields, strip_named

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
CLOSING_OR_NOT = frozenset({b"close", b"keep-alive"})
METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
RELAYED_METHODS = frozenset(name.encode() for name in RELAYED)


class BadRequest(ValueError):  # states a fact
    """A head that is refused before any route is asked: `status` and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class RequestHead(msgspec.Struct, frozen=True, gc=False):
    """A request's head.

    `path` is normal, `query` holds its question mark, `authority` is as sent and `host` its name in
    lower case; `content_length` is -1 where none is declared; `lines` are the fields to forward,
    `names` those of all fields, one a line.
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
    names: bytes


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
    method: bytes = parser.get_method()
    version = check_line(head, method, reader.url)
    names = reader.names
    if len(names) > MOST_FIELDS:
        raise BadRequest(431, "more than 100 fields")
    fields, keep_alive = settle_fields(names, reader.values, codes, is_current=version == "1.1")
    return to_request_head(Line(method, reader.url, version, keep_alive), fields, names, hosts)


def settle_fields(
    names: list[bytes], values: list[bytes], codes: Codes, *, is_current: bool
) -> tuple[Sorted, bool]:
    """The fields without what `Connection` ends here, and whether the connection may go on.

    `is_current` says that the version keeps connections unless told otherwise. Raises BadRequest.
    """
    try:
        fields = sort_fields(names, values, codes)
        connection = fields[0].get(headers.CONNECTION)
        if connection is None:
            return fields, is_current
        options = connection_options(connection)
        if not CLOSING_OR_NOT.issuperset(options):
            fields = strip_named(names, values, codes, options)
    except Ambiguous as wrong:
        raise BadRequest(400, str(wrong)) from wrong
    return fields, (is_current or b"keep-alive" in options) and b"close" not in options


class Line(msgspec.Struct, frozen=True, gc=False):
    """The request line, and whether the connection may go on after the request."""

    method: bytes
    url: bytes
    version: str
    keep_alive: bool


def to_request_head(line: Line, fields: Sorted, names: list[bytes], hosts: Hosts) -> RequestHead:
    """Check what is told twice, and put the head together. Raises BadRequest."""
    noted, lines = fields
    path, query, authority = split_target(line.url, noted.get(headers.HOST))
    host = hosts[authority]
    if not host:
        raise BadRequest(400, "not a host")
    length, chunked, expects = request_body(noted, line.version)
    return RequestHead(
        METHODS.get(line.method) or line.method.decode("ascii"),
        path,
        query,
        authority,
        host,
        line.version,
        line.keep_alive,
        length,
        chunked,
        expects,
        noted,
        lines,
        b"\n".join(names),
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
    if method not in RELAYED_METHODS:
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


def split_target(target: bytes, host: bytes | None) -> tuple[str, bytes, bytes]:
    """(normal path, query with its mark, authority). Raises BadRequest.

    The authority of an absolute form replaces Host (RFC 9112 section 3.2.2).
    """
    if not target.startswith(b"/"):
        if target == b"*":
            raise BadRequest(501, "OPTIONS * is not implemented")
        absolute = ABSOLUTE(target)
        if absolute is None:
            raise BadRequest(400, "neither origin form nor absolute form")
        host, rest = absolute[1], absolute[2]
        target = rest if rest.startswith(b"/") else b"/" + rest
    if host is None:
        raise BadRequest(400, "no Host")
    query = b""
    if b"?" in target:
        target, _, query = target.partition(b"?")
        query = b"?" + query
    path = normalise(target)
    if path is None:
        raise BadRequest(400, "a path that does not normalise")
    return path, query, host


def request_body(noted: dict[int, bytes], version: str) -> tuple[int, bool, bool]:
    """(Content-Length or -1, whether chunked, whether the client waits for 100). Raises BadRequest."""
    expect = noted.get(headers.EXPECT)
    if expect is not None and expect.lower() != b"100-continue":
        raise BadRequest(417, "an unknown expectation")
    coding = noted.get(headers.TRANSFER_ENCODING)
    declared = noted.get(headers.CONTENT_LENGTH)
    if coding is None and declared is None:
        return -1, False, False
    expects = expect is not None and version == "1.1"
    if coding is not None:
        if declared is not None:
            raise BadRequest(400, "Content-Length with Transfer-Encoding")
        if version != "1.1":
            raise BadRequest(400, "Transfer-Encoding in HTTP/1.0")
        if coding.strip(b" \t").lower() != b"chunked":
            raise BadRequest(400, "a transfer coding other than chunked")
        return -1, True, expects
    digits = (declared or b"").strip(b" \t")
    if not digits.isdigit() or len(digits) > MOST_LENGTH_DIGITS:
        raise BadRequest(400, "not a Content-Length")
    length = int(digits)
    return length, False, expects and length > 0
