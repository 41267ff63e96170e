"""The chunked coding, decoded strictly, and how responses end."""

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.framing import Body, Chunked, Malformed, response_body, to_chunk


def decode(pieces: list[bytes]) -> tuple[bytes, bool, bytes]:
    """(body, whether it ended, what followed)."""
    decoder, rest = Chunked(), b""
    found: list[bytes] = []
    for piece in pieces:
        if decoder.done:
            rest += piece
            continue
        decoder.feed(piece, found)
        rest = decoder.rest
    return b"".join(found), decoder.done, rest


@given(st.lists(st.binary(min_size=1, max_size=40)), st.data())
def test_what_was_chunked_comes_back_however_it_is_cut(pieces: list[bytes], data: st.DataObject) -> None:
    coded = b"".join(map(to_chunk, pieces)) + b"0\r\nA: b\r\n\r\nrest"
    cut = data.draw(st.integers(0, len(coded)))
    assert decode([coded[:cut], coded[cut:]]) == (b"".join(pieces), True, b"rest")
    assert decode([coded[at : at + 1] for at in range(len(coded))])[0] == b"".join(pieces)


class Oracle:
    """httptools' reading of a chunked body."""

    def __init__(self) -> None:
        self.body = b""
        self.done = False

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.done = True


HEAD = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECES = [b"0", b"1", b"2", b"a", b"\r\n", b"\r\n", b"\n", b"\r", b";x=y", b" ", b"0\r\n\r\n", b"ab", b"\0"]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_nothing_is_taken_that_httptools_refuses(pieces: list[bytes]) -> None:
    coded = b"".join(pieces)
    try:
        body, done, rest = decode([coded])
    except Malformed:
        return
    if done:
        oracle = Oracle()
        httptools.HttpRequestParser(oracle).feed_data(HEAD + coded[: len(coded) - len(rest)])
        assert (oracle.done, oracle.body) == (True, body)


@pytest.mark.parametrize(
    "coded",
    [
        b"0x1\r\n",
        b"+1\r\n",
        b"1 \r\n",
        b"\r\n",
        b"1\n",
        b"1;a\n",
        b"1\r\naX",
        b"1\r\na\n",
        b"0\r\nno colon\r\n",
        b"0\r\n folded\r\n",
        b"1;" + b"x" * 2_000,
        b"0\r\n" + b"A: b\r\n" * 3_000,
    ],
)
def test_nonsense_is_malformed(coded: bytes) -> None:
    with pytest.raises(Malformed):
        decode([coded])
    with pytest.raises(Malformed):
        decode([coded[at : at + 1] for at in range(len(coded))])


def test_pieces_before_nonsense_are_told() -> None:
    found: list[bytes] = []
    with pytest.raises(Malformed):
        Chunked().feed(b"2\r\nab\r\nzz\r\n", found)
    assert found == [b"ab"]


@pytest.mark.parametrize(
    ("method", "status", "length", "chunked", "body"),
    [
        ("HEAD", 200, 10, False, Body.NONE),
        ("HEAD", 200, -1, True, Body.NONE),
        ("GET", 204, 10, False, Body.NONE),
        ("GET", 304, 10, False, Body.NONE),
        ("GET", 200, 10, False, Body.LENGTH),
        ("GET", 200, 0, False, Body.NONE),
        ("GET", 200, -1, True, Body.CHUNKED),
        ("POST", 404, -1, False, Body.CLOSE),
    ],
)
def test_a_response_ends_by_method_status_and_framing(
    method: str, status: int, length: int, chunked: bool, body: Body
) -> None:
    assert response_body(method, status, length, chunked) is body
