"""Content codings: every frame counts, bombs and garbage are refused."""

import gzip
import zlib

import lz4.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.compression import (
    ENCODINGS,
    BodyTooLarge,
    Undecodable,
    compressor,
    decompress,
    negotiate,
    zstd,
)

ENCODE = {"lz4": lz4.frame.compress, "zstd": zstd.compress, "gzip": gzip.compress, "deflate": zlib.compress}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_frame_of_a_body_is_read(encoding: str) -> None:
    parts = [b"first" * 1000, b"", b"second" * 400_000, b"last"]
    body = b"".join(ENCODE[encoding](part) for part in parts)
    assert decompress(body, encoding, limit=1 << 24) == b"".join(parts)


@given(st.lists(st.binary(max_size=100)), st.sampled_from(ENCODINGS))
def test_what_is_compressed_in_pieces_comes_back(chunks: list[bytes], encoding: str) -> None:
    squeeze = compressor(encoding)
    body = b"".join([*(squeeze.compress(chunk) for chunk in chunks), squeeze.flush()])
    assert decompress(body, encoding, limit=1 << 24) == b"".join(chunks)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_is_refused_before_it_unfolds(encoding: str) -> None:
    bomb = ENCODE[encoding](bytes(64 << 20))
    with pytest.raises(BodyTooLarge):
        decompress(bomb, encoding, limit=4 << 20)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_that_is_cut_off_is_refused(encoding: str) -> None:
    whole = ENCODE[encoding](bytes(range(256)) * 40)
    with pytest.raises(Undecodable):
        decompress(whole[:-9], encoding, limit=1 << 20)


@given(st.binary(min_size=1, max_size=60), st.sampled_from(ENCODINGS))
def test_garbage_is_undecodable_or_empty_and_never_crashes(body: bytes, encoding: str) -> None:
    try:
        decompress(body, encoding, limit=1 << 20)
    except Undecodable:
        return


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(Undecodable, match="br"):
        decompress(b"x", "br", limit=10)
    assert decompress(b"x", "identity", limit=10) == b"x"


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [("lz4,zstd,gzip", "lz4"), ("br, zstd", "zstd"), ("gzip;q=0, deflate", "deflate"), ("br", ""), ("", "")],
)
def test_the_first_known_encoding_is_chosen(accepted: str, chosen: str) -> None:
    assert negotiate(accepted) == chosen
