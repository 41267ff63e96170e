"""An upstream that answers what it is told: `X-Answer: STATUS SIZE` in the request.

It stands for the site whose log is replayed. Like the shop it listens on loopback only.
"""

import asyncio
import random
import signal
import sys
from typing import Annotated, cast

import httptools
import typer
import uvloop

from lab.shop import loopback_socket
from warehouse.listening import endpoint_of

FILLING = b"." * 65_536
MOST_PENDING = 1 << 20  # bytes in the transport's buffer above which we wait
NO_BODY = (204, 304)
MEDIAN_MS = 8.0
SPREAD = 0.5


class Echo(asyncio.Protocol):
    """One connection: requests are answered one after the other."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._told = (200, 0)
        self._answering: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self._transport.set_write_buffer_limits(high=MOST_PENDING)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.abort()

    def on_message_begin(self) -> None:
        """httptools: a request begins."""
        self._told = (200, 0)

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a field."""
        if name.lower() == b"x-answer":
            status, _, size = value.partition(b" ")
            self._told = int(status), int(size)

    def on_message_complete(self) -> None:
        """httptools: the request is whole."""
        status, size = self._told
        head_only = self._parser.get_method() == b"HEAD"
        self._answering = asyncio.get_running_loop().create_task(self._answer(status, size, head_only))

    async def _answer(self, status: int, size: int, head_only: bool) -> None:
        await asyncio.sleep(self._draw.lognormvariate(0.0, SPREAD) * MEDIAN_MS / 1e3)
        head = f"HTTP/1.1 {status} As-Logged\r\nContent-Type: application/octet-stream\r\n"
        head += "\r\n" if status in NO_BODY else f"Content-Length: {size}\r\n\r\n"
        left = 0 if head_only or status in NO_BODY else size
        self._write(head.encode())
        while left > 0 and self._transport is not None:
            await self._writable.wait()
            self._write(FILLING[:left])
            left -= len(FILLING)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def serve(listen: str, seed: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    bound = loopback_socket(listen)
    draw = random.Random(seed)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: Echo(draw), sock=bound, backlog=512)
    print(f"tidegate-echo ready on {endpoint_of(bound).url()}", file=sys.stderr, flush=True)
    await stop.wait()
    server.close()


def run(
    listen: Annotated[str, typer.Option(help="HOST:PORT on loopback")] = "127.0.0.1:0",
    seed: Annotated[int, typer.Option(help="seed of service times")] = 1,
) -> None:
    """Answer what requests say."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(listen, seed))


if __name__ == "__main__":
    typer.run(run)
