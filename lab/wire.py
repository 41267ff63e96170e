"""Raw keep-alive HTTP/1.1 connections for the generator: one exchange at a time each."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, cast

import httptools

NO_ANSWER = 0  # status where the connection broke or the deadline passed


class Answer(NamedTuple):
    """What came back: `status` is NO_ANSWER where nothing did; `size` counts body bytes."""

    status: int
    size: int


class Wire(asyncio.Protocol):
    """A connection to the gateway; `exchange` sends one request and waits for its answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._head_only = False
        self._size = 0
        self._keep = True

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing() and self._keep

    async def exchange(self, request: bytes, deadline_s: float) -> Answer:
        """Send the bytes of one request; NO_ANSWER after `deadline_s` seconds."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return Answer(NO_ANSWER, 0)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._size = 0
        self._head_only = request.startswith(b"HEAD ")
        transport.write(request)
        try:
            async with asyncio.timeout(deadline_s):
                return await answer
        except TimeoutError:
            transport.abort()
            return Answer(NO_ANSWER, 0)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._settle(Answer(NO_ANSWER, 0))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_headers_complete(self) -> None:
        """httptools: the answer to HEAD ends with its head."""
        if self._parser.get_status_code() < 200:
            return
        self._keep = self._parser.should_keep_alive() or self._head_only
        if self._head_only:
            status = self._parser.get_status_code()
            self._parser = httptools.HttpResponseParser(self)
            self._settle(Answer(status, 0))

    def on_body(self, body: bytes) -> None:
        """httptools: a part of the body."""
        self._size += len(body)

    def on_message_complete(self) -> None:
        """httptools: the answer is whole."""
        status = self._parser.get_status_code()
        if status >= 200:
            self._settle(Answer(status, self._size))
            if not self._keep:
                self.close()

    def _settle(self, answer: Answer) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


@contextmanager
def closing(wires: list[Wire]) -> Iterator[list[Wire]]:
    """Close all connections at the end."""
    try:
        yield wires
    finally:
        for wire in wires:
            wire.close()


async def connect(host: str, port: int) -> Wire:
    """A new connection; raises OSError."""
    _, wire = await asyncio.get_running_loop().create_connection(Wire, host, port)
    return wire
