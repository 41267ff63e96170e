"""The heads of nearly all traffic, read without httptools: a strict subset of what it takes.

A field's line is checked and classified once and remembered, as clients repeat most of their lines
(a head whose every line was seen before costs 1 us, httptools with its callbacks 2.8 us). Whatever
is not plain (another version, a chunked body, a repeated or doubtful field) is left to `read_head`:
it alone refuses.
"""

from kernel.paths import normalise
from proxy import headers
from proxy.head import MOST_FIELDS, MOST_LENGTH_DIGITS, Hosts, RequestHead
from proxy.headers import FORWARDED_TOO, Codes

MOST_LINES = 4_096
MOST_LINE_BYTES = 512  # of a line that is remembered
# Sets of bytes for bytes.translate(None, SET), which leaves what is not in SET: 1.4 us a head less than
# the same checks by regular expressions, measured.
TOKEN = b"!#$%&'*+.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"
TARGET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~!$&'()*+,;=:@%/?-"
VISIBLE = bytes(range(0x20, 0x7F))
SPACE = 0x20
METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
PLAIN = headers.PLAIN
CONTENT_LENGTH, HOST = headers.CONTENT_LENGTH, headers.HOST
FRAMING = frozenset({headers.TRANSFER_ENCODING, headers.EXPECT})
# These differ in every request: remembered, they would push out what repeats.
FLEETING = frozenset({headers.TRACEPARENT, headers.TRACESTATE, headers.X_REQUEST_ID})

Field = tuple[int, bytes, bytes, bytes]  # code, name, value, and the line as it is forwarded
NOT_PLAIN: Field = (-1, b"", b"", b"")


class Fields(dict[bytes, Field]):
    """A field's line without its end -> the field; bounded: full, it forgets everything."""

    __slots__ = ("_codes", "paths")

    def __init__(self, codes: Codes) -> None:
        super().__init__()
        self._codes = codes
        self.paths: dict[bytes, str] = {}

    def read(self, line: bytes) -> Field:
        """A line that is not remembered."""
        name, _, value = line.partition(b": ")
        if not name or not value or value[0] == SPACE or value[-1] == SPACE:
            return NOT_PLAIN
        if name.translate(None, TOKEN) or value.translate(None, VISIBLE):
            return NOT_PLAIN
        code = self._codes[name]
        if not is_plain(code, value):
            return NOT_PLAIN
        is_forwarded = code == PLAIN or code >= headers.LIMIT or code in FORWARDED_TOO
        field = (
            PLAIN if code == headers.DROP else code,
            name,
            value,
            line + b"\r\n" if is_forwarded else b"",
        )
        if code not in FLEETING and len(line) <= MOST_LINE_BYTES:
            if len(self) >= MOST_LINES:
                self.clear()
            self[line] = field
        return field

    def path_of(self, target: bytes) -> str | None:
        """The normal form of a path, remembered."""
        path = normalise(target)
        if path is not None:
            if len(self.paths) >= MOST_LINES:
                self.paths.clear()
            self.paths[target] = path
        return path


def is_plain(code: int, value: bytes) -> bool:
    """Whether a field says nothing about the message or the connection that is worth a second look."""
    if code == CONTENT_LENGTH:
        return value.isdigit() and len(value) <= MOST_LENGTH_DIGITS
    if code == headers.CONNECTION:
        return value == b"keep-alive"
    return code not in FRAMING


def read_plain(head: bytes, fields: Fields, hosts: Hosts) -> RequestHead | None:
    """Parse a whole head, with its empty line, as `read_head` would; None where it is to be asked."""
    lines = head.split(b"\r\n")
    words = lines[0].split(b" ")
    if len(words) != 3 or words[2] != b"HTTP/1.1":
        return None
    return read_lines(words[0], words[1], lines[1:-2], fields, hosts)


def read_lines(
    word: bytes, target: bytes, lines: list[bytes], fields: Fields, hosts: Hosts
) -> RequestHead | None:
    """The head of an HTTP/1.1 request: its method's word, its target, and its fields' lines."""
    method = METHODS.get(word)
    if method is None or target[:1] != b"/" or target.translate(None, TARGET) or len(lines) > MOST_FIELDS:
        return None
    noted: dict[int, bytes] = {}
    names: list[bytes] = []
    forwarded: list[bytes] = []
    known = fields.get
    for line in lines:
        code, name, value, piece = known(line) or fields.read(line)
        if code:
            if code < 0 or code in noted:
                return None
            noted[code] = value
        names.append(name)
        forwarded.append(piece)
    target, mark, query = target.partition(b"?")
    authority = noted.get(HOST)
    path = fields.paths.get(target) or fields.path_of(target)
    host = "" if authority is None else hosts[authority]
    if authority is None or path is None or not host:
        return None
    length = int(noted.get(CONTENT_LENGTH, -1))
    # fmt: off
    return RequestHead(
        method, path, mark + query, authority, host, "1.1", True,
        length, False, False, noted, forwarded, b"\n".join(names),
    )
    # fmt: on
