"""Message framing of our own, by method, status, Content-Length and Transfer-Encoding (RFC 9112 section 6.3).

Heads are parsed by httptools; where a body ends is decided here, because httptools cannot be told
that a response answers a HEAD, nor says where in the bytes a message ended.
"""

import enum
import re

CRLF = b"\r\n"
SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?").fullmatch
TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*").fullmatch
MOST_LINE_BYTES = 1_024  # of a chunk's size with its extensions, and of one trailer
MOST_TRAILER_BYTES = 8_192
LAST_CHUNK = b"0\r\n\r\n"


class Body(enum.Enum):
    """How a message's body ends."""

    NONE = 0
    LENGTH = 1
    CHUNKED = 2
    CLOSE = 3


NONE, LENGTH, CHUNKED, CLOSE = Body  # a look-up in the class costs 30 ns


class Malformed(ValueError):  # states a fact
    """The bytes are not what their framing promised; str() says why."""


def response_body(method: str, status: int, length: int, chunked: bool) -> Body:
    """How a final response's body ends; `length` is -1 where none is declared."""
    if method == "HEAD" or status in (204, 304):
        return NONE
    if chunked:
        return CHUNKED
    if length < 0:
        return CLOSE
    return LENGTH if length else NONE


def to_chunk(piece: bytes) -> bytes:
    """One chunk without extensions."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Chunked:
    """A strict decoder of the chunked coding: extensions and trailers are checked and dropped."""

    __slots__ = ("_in_chunk", "_line", "_read", "_remaining", "_trailer_bytes", "done", "rest")

    def __init__(self) -> None:
        self._line = b""  # an unfinished line
        self._remaining = 0  # of the chunk being read
        self._in_chunk = False  # whether the chunk's data was read, but not the CRLF behind it
        self._read = self._size
        self._trailer_bytes = 0
        self.done = False
        self.rest = b""  # what followed the message

    def feed(self, data: bytes, pieces: list[bytes]) -> None:
        """Add the pieces of the body in `data`. Raises Malformed; the pieces before it are added."""
        at = 0
        while at < len(data) and not self.done:
            if self._remaining:
                piece = data[at : at + self._remaining]
                at += len(piece)
                self._remaining -= len(piece)
                pieces.append(piece)
                self._in_chunk = not self._remaining
                continue
            at = self._take_line(data, at)
        if self.done:
            self.rest = data[at:]

    def _take_line(self, data: bytes, at: int) -> int:
        """Read up to the end of a line; returns the position after what was taken."""
        if self._line.endswith(b"\r"):
            if data[at] != 0x0A:
                raise Malformed("a bare CR in the chunked coding")
            line, self._line = self._line[:-1], b""
            self._read(line)
            return at + 1
        end = data.find(CRLF, at)
        piece = data[at:] if end < 0 else data[at:end]
        line = self._line + piece
        if self._in_chunk and line not in (b"", b"\r"):
            raise Malformed("chunk data without CRLF")
        if b"\n" in line or b"\r" in line[:-1]:
            raise Malformed("a bare CR or LF in the chunked coding")
        if len(line) > MOST_LINE_BYTES:
            raise Malformed("a line of the chunked coding is too long")
        if end < 0:
            self._line = line
            return len(data)
        if line.endswith(b"\r"):
            raise Malformed("a bare CR in the chunked coding")
        self._line = b""
        self._read(line)
        return end + 2

    def _size(self, line: bytes) -> None:
        if self._in_chunk:  # the empty line behind a chunk's data
            self._in_chunk = False
            return
        found = SIZE(line)
        if found is None:
            raise Malformed("not a chunk size")
        self._remaining = int(found[1], 16)
        if not self._remaining:
            self._read = self._trailer

    def _trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        self._trailer_bytes += len(line)
        if self._trailer_bytes > MOST_TRAILER_BYTES:
            raise Malformed("trailers are too long")
        if TRAILER(line) is None:
            raise Malformed("not a trailer field")
