"""Access logs in the common and the combined format: every line becomes an Entry or is told.

    HOST IDENT USER [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 203023 "REFERER" "AGENT"

The last two fields are absent in the common format; further fields that some servers append after
them are ignored. Apache and nginx write quotes and unprintable bytes inside fields as `\\"`, `\\\\`
and `\\xHH`, and `-` for what is absent. https://httpd.apache.org/docs/current/logs.html
"""

import datetime as dt
import hashlib
import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from kernel.addresses import Address, parse_address

MAX_LINE_BYTES = 65_536  # an honest line is shorter than the 8 KB heads that servers accept
# `(?>` and `*+` (Python 3.11): no backtracking, so that no line can take quadratic time.
QUOTED = r'"((?:[^"\\]|\\.)*+)"'
LINE = re.compile(
    r"(?:[^\s:]+:\d{1,5} (?=\S+ \S+ \S+ .{0,256}?\[))?"  # Debian's vhost_combined
    r"(?P<host>\S+) \S+ (?P<user>.{0,256}?) \[(?P<time>[^\]]{20,32})\] "
    + QUOTED.replace("(", "(?P<request>", 1)
    + r" (?P<status>\d{3}|-) (?P<size>\d{1,19}|-)"
    + r"(?: "
    + QUOTED.replace("(", "(?P<referer>", 1)
    + r" "
    + QUOTED.replace("(", "(?P<agent>", 1)
    + r"(?: .*)?)?",
    re.DOTALL,
)
TIME = re.compile(r"(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})")
YEARS = range(1970, 2106)  # ClickHouse keeps seconds since 1970 in 32 bits
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
REQUEST = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (\S.*?)(?: HTTP/(\d\.\d))?", re.DOTALL)
ESCAPE = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|(["\\bnrtv]))')
PLAIN = {'"': '"', "\\": "\\", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Entry(msgspec.Struct, frozen=True):
    """One request of a log.

    `line` counts from 1; `at` is seconds since 1970; `method` and `path` are empty where the
    client sent no readable request (`raw` holds what the log has); `status` is 0 where none was
    sent; `size` counts body bytes.
    """

    line: int
    at: float
    address: Address
    user: str
    method: str
    path: str
    protocol: str
    status: int
    size: int
    referer: str
    user_agent: str
    raw: str

    @property
    def has_request(self) -> bool:
        """Whether the request line was a request."""
        return bool(self.method)


class Unreadable(msgspec.Struct, frozen=True):
    """A line that is no entry, and why; `text` is its beginning."""

    line: int
    reason: str
    text: str


def parse_line(line: bytes, number: int) -> Entry | Unreadable:
    """Parse one line, without or with its line end. Never raises, whatever the bytes."""

    def unreadable(reason: str) -> Unreadable:
        return Unreadable(number, reason, line[:120].decode("utf-8", "backslashreplace"))

    if len(line) > MAX_LINE_BYTES:
        return unreadable(f"longer than {MAX_LINE_BYTES} bytes")
    text = line.decode("utf-8", "surrogateescape").rstrip("\r\n").strip(" \t\ufeff")
    if not text:
        return unreadable("empty line")
    found = LINE.fullmatch(text)
    if found is None:
        return unreadable("not in the common or combined log format")
    at = parse_time(found["time"])
    if at is None:
        return unreadable(f"no such time: {printable(found['time'])}")
    method, path, protocol = split_request(found["request"])
    return Entry(
        line=number,
        at=at,
        address=address_of(found["host"]),
        user=present(found["user"]),
        method=method,
        path=path,
        protocol=protocol,
        status=0 if found["status"] == "-" else int(found["status"]),
        size=0 if found["size"] == "-" else int(found["size"]),
        referer=present(found["referer"]),
        user_agent=present(found["agent"]),
        raw=printable(found["request"]),
    )


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file, each cut after MAX_LINE_BYTES + 1 bytes: no line can take all memory."""
    while line := file.readline(MAX_LINE_BYTES + 1):
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES + 1)


def parse_lines(lines: Iterable[bytes]) -> Iterator[Entry | Unreadable]:
    """Parse a log, line by line; as many results as lines."""
    for number, line in enumerate(lines, 1):
        yield parse_line(line, number)


def address_of(host: str) -> Address:
    """The client's address. Servers that look names up log a name: it becomes a unique local
    address (RFC 4193) with a /64 of its own, made from its hash, so that it stays one identity.
    """
    address = parse_address(host)
    if address is not None:
        return address
    site = hashlib.sha256(host.lower().encode("utf-8", "surrogateescape")).digest()[:7]
    value = int.from_bytes(b"\xfd" + site + b"\0" * 7 + b"\1", "big")
    return Address(str(ipaddress.IPv6Address(value)), 6, value)


def parse_time(text: str) -> float | None:
    """`17/May/2015:10:05:03 +0000` -> seconds since 1970; None where there is no such time."""
    found = TIME.fullmatch(text)
    if found is None or found[2] not in MONTHS:
        return None
    day, month, year = int(found[1]), MONTHS.index(found[2]) + 1, int(found[3])
    if year not in YEARS:
        return None
    offset = dt.timedelta(hours=int(found[8]), minutes=int(found[9]))
    try:
        zone = dt.timezone(-offset if found[7] == "-" else offset)
        # A leap second is told as the second before it: Unix time has none.
        when = dt.datetime(
            year, month, day, int(found[4]), int(found[5]), min(int(found[6]), 59), tzinfo=zone
        )
        return when.timestamp() if int(found[6]) <= 60 else None
    except ValueError:
        return None


def split_request(text: str) -> tuple[str, str, str]:
    """(method, path with query, protocol version); three empty strings where it is no request."""
    found = REQUEST.fullmatch(unescape(text))
    if found is None or not found[2].startswith(("/", "*", "http://", "https://")):
        return "", "", ""
    return found[1], printable(found[2]), found[3] or "0.9"


def unescape(text: str) -> str:
    """Undo the escapes that servers write inside quoted fields."""
    if "\\" not in text:
        return text
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else PLAIN[found[2]], text)


def present(text: str | None) -> str:
    """A field's text; empty where the log says `-`."""
    return "" if text is None or text == "-" else printable(unescape(text))


def printable(text: str) -> str:
    """Text that every encoder takes: stray bytes become `\\xHH`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
