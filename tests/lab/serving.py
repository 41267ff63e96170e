"""Serves an ASGI application or a protocol on a free port of loopback, inside the test's event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import uvicorn

from lab.shop import Served, loopback_socket


class Place(NamedTuple):
    """Where it listens."""

    host: str
    port: int


@contextlib.asynccontextmanager
async def serving_protocol(factory: Callable[[], asyncio.Protocol]) -> AsyncIterator[Place]:
    """A server of protocol objects."""
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    try:
        yield Place("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()


@contextlib.asynccontextmanager
async def serving_app(app: Served) -> AsyncIterator[Place]:
    """A server of an ASGI application."""
    bound = loopback_socket("127.0.0.1:0")
    bound.listen(64)
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([bound]))
    try:
        yield Place("127.0.0.1", bound.getsockname()[1])
    finally:
        server.should_exit = True
        await task
        bound.close()
