"""lab.wire: one exchange at a time on a kept connection; no answer is told as such."""

import asyncio

from lab.wire import NO_ANSWER, Answer, Wire, closing, connect
from tests.lab.serving import Place, serving_protocol

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class Scripted(asyncio.Protocol):
    """Answers each request with the next bytes of a script; None closes the connection."""

    def __init__(self, script: list[bytes | None]) -> None:
        self._script = script
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        said = self._script.pop(0)
        if said is None:
            self._transport.close()
        else:
            self._transport.write(said)


async def answers(script: list[bytes | None], requests: int = 1, deadline_s: float = 5.0) -> list[Answer]:
    async with serving_protocol(lambda: Scripted(script)) as place:
        with closing([await connect(*place)]) as (wire,):
            return [await wire.exchange(GET, deadline_s) for _ in range(requests)]


async def test_answers_of_all_framings_are_read_on_one_connection() -> None:
    script: list[bytes | None] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ]
    assert await answers(script, 3) == [Answer(200, 3), Answer(200, 2), Answer(204, 0)]


async def test_a_closed_connection_is_no_answer() -> None:
    assert await answers([None]) == [Answer(NO_ANSWER, 0)]
    assert await answers([None], 2) == [Answer(NO_ANSWER, 0)] * 2


async def test_what_is_no_http_is_no_answer() -> None:
    assert await answers([b"SSH-2.0-x\r\n\r\n"]) == [Answer(NO_ANSWER, 0)]


async def test_silence_ends_at_the_deadline() -> None:
    assert await answers([b""], deadline_s=0.05) == [Answer(NO_ANSWER, 0)]


async def test_a_connection_that_the_server_will_close_is_not_used_again() -> None:
    async with serving_protocol(
        lambda: Scripted([b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"])
    ) as place:
        wire: Wire = await opened(place)
        assert (await wire.exchange(GET, 5.0)).status == 200
        assert not wire.is_open


async def opened(place: Place) -> Wire:
    wire = await connect(*place)
    assert wire.is_open
    return wire
