"""`uvicorn --factory proxy.asgi:create`: the gateway as an ASGI app with a life of its own.

Settings come from the environment, because the server owns the command line. Start the server
with its own proxy headers off (`--no-proxy-headers`), else it rewrites who calls.
"""

import asyncio
import contextlib
import gc
import logging

from proxy.adapter import Adapter, App, Scope
from proxy.conversation import Receive, Send
from proxy.management import Worker, manage_token, management_app
from proxy.serving import FLUSH_S, Proxy, cancelled, managed, writer_of
from proxy.settings import from_environment
from warehouse.exits import CannotRun
from warehouse.ownership import claim

log = logging.getLogger("tidegate.proxy")


class Hosted:
    """Starts with the server's lifespan and ends with it; without one it answers 503."""

    def __init__(self) -> None:
        self.adapter: Adapter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI scope."""
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1003})
        elif self.adapter is not None:
            await self.adapter(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 503, "headers": []})
            await send({"type": "http.response.body", "body": b"the server runs no lifespan\n"})

    async def live(self, receive: Receive, send: Send) -> None:
        """From startup to shutdown."""
        await receive()
        try:
            async with contextlib.AsyncExitStack() as stack:
                await self.start(stack)
                await send({"type": "lifespan.startup.complete"})
                await receive()
                self.adapter = None
        except CannotRun as reason:
            await send({"type": "lifespan.startup.failed", "message": str(reason)})
            return
        await send({"type": "lifespan.shutdown.complete"})

    async def start(self, stack: contextlib.AsyncExitStack) -> None:
        """Everything that main.py and serving.py do, but for listener and signals."""
        settings, credentials = from_environment()
        stack.callback(claim(settings.directory).close)
        proxy = Proxy(settings, credentials)
        gateway = proxy.gateway
        token = manage_token(credentials.manage_token, settings.data)
        await stack.enter_async_context(managed(management_app(Worker(gateway), token), settings.manage))
        problems = await proxy.first_policy()
        if problems:
            raise CannotRun("\n".join(problems))
        gateway.sink.writer = writer_of(settings, gateway)
        gateway.sink.writer.start()
        stack.push_async_callback(asyncio.to_thread, gateway.sink.writer.stop, FLUSH_S)
        self.adapter = adapter = Adapter(gateway, proxy.app)
        adapter.start()
        stack.callback(adapter.close)
        stack.callback(adapter.cut)
        gateway.transport = adapter
        following = asyncio.create_task(proxy.source.run(), name="policy source")
        housekeeping = asyncio.create_task(proxy.housekeeping(), name="housekeeping")
        stack.push_async_callback(cancelled, following, housekeeping)
        stack.callback(setattr, gateway, "draining", True)
        gc.collect()
        gc.freeze()


def create() -> App:
    """The ASGI app."""
    return Hosted()
