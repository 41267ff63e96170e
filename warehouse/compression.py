"""Content codings of requests and responses: lz4 and zstd frames, gzip, deflate.

A client may send many frames in one body (clickhouse-connect sends an LZ4 frame per block):
every decoder here loops until the body ends, or rows would be lost silently.
"""

import sys
import zlib
from collections.abc import Iterable
from typing import Any, Protocol

import lz4.frame

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd

_CHUNK = 1 << 20
_GZIP_WBITS = 31  # 16 + 15: gzip framing, largest window
ENCODINGS = ("lz4", "zstd", "gzip", "deflate")


class BodyTooLarge(Exception):
    """The body exceeds the cap after decompression."""


class Undecodable(Exception):
    """The body is not what its Content-Encoding says."""


class Compressor(Protocol):
    """Incremental compressor of one response."""

    def compress(self, chunk: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Lz4Compressor:
    """One frame over the whole response: clickhouse-connect's reader takes the first only."""

    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._head: bytes = self._frame.begin()

    def compress(self, chunk: bytes, /) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._frame.compress(chunk))

    def flush(self) -> bytes:
        head, self._head = self._head, b""
        return bytes(head + self._frame.flush())


def compressor(encoding: str) -> Compressor:
    """A compressor for one of ENCODINGS."""
    if encoding == "lz4":
        return _Lz4Compressor()
    if encoding == "zstd":
        return zstd.ZstdCompressor(level=1)
    return zlib.compressobj(1, zlib.DEFLATED, _GZIP_WBITS if encoding == "gzip" else zlib.MAX_WBITS)


def negotiate(accepted: str) -> str:
    """The first coding of an Accept-Encoding value that we speak, or empty."""
    for item in accepted.split(","):
        name, _, weight = item.strip().partition(";")
        if name in ENCODINGS and weight.replace(" ", "") not in ("q=0", "q=0.0"):
            return name
    return ""


def decompress(body: bytes, encoding: str, *, limit: int) -> bytes:
    """The whole body, all of its frames. Raises BodyTooLarge, Undecodable."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ENCODINGS:
        raise Undecodable(f"content encoding {encoding!r} is not supported")
    try:
        return _collect(_inflated(body, encoding), limit)
    except (RuntimeError, EOFError, zlib.error, zstd.ZstdError) as problem:
        raise Undecodable(f"the body is no {encoding}: {problem}") from problem


def _collect(chunks: Iterable[bytes], limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(f"the body exceeds {limit} bytes after decompression")
        parts.append(chunk)
    return b"".join(parts)


def _inflated(body: bytes, encoding: str) -> Iterable[bytes]:
    if encoding in ("gzip", "deflate"):
        return _zlib_chunks(body, encoding)
    return _frame_chunks(body, encoding)


def _frame_chunks(body: bytes, encoding: str) -> Iterable[bytes]:
    """lz4 and zstd decompressors share an interface; a bounded step keeps a bomb from unfolding at once."""
    while body:
        frame: Any = lz4.frame.LZ4FrameDecompressor() if encoding == "lz4" else zstd.ZstdDecompressor()
        chunk = frame.decompress(body, _CHUNK)
        yield chunk
        while not frame.eof:
            if frame.needs_input:
                raise EOFError("the last frame is cut off")
            yield frame.decompress(b"", _CHUNK)
        body = frame.unused_data or b""


def _zlib_chunks(body: bytes, encoding: str) -> Iterable[bytes]:
    while body:
        stream = zlib.decompressobj(_GZIP_WBITS if encoding == "gzip" else zlib.MAX_WBITS)
        yield stream.decompress(body, _CHUNK)
        while not stream.eof:
            if not stream.unconsumed_tail:
                raise EOFError("the last stream is cut off")
            yield stream.decompress(stream.unconsumed_tail, _CHUNK)
        body = stream.unused_data
