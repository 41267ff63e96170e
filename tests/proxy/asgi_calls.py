"""Calls of the ASGI adapter within a test: a server of ours, and an upstream that follows a script."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from kernel.events import NAMES, EventRow
from proxy.adapter import Adapter, App
from proxy.gateway import Gateway
from proxy.sink import NoWarehouse
from tests.proxy.around import gateway_with

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
Fields = Sequence[tuple[bytes, bytes]]


class Kept(NoWarehouse):
    """A writer that keeps its rows, by column."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []

    def offer(self, row: EventRow) -> None:
        self.rows.append(dict(zip(NAMES, row, strict=True)))


class Scripted:
    """An upstream: answers each request with the next piece of its script; None closes."""

    def __init__(self, *script: bytes | None) -> None:
        self.script = list(script)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.met = asyncio.Event()  # by a connection
        self.heard = asyncio.Event()  # from one
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []

    async def close(self) -> None:
        """Close what is open, and let the loop see it: an open socket would be a warning elsewhere."""
        for writer in self.writers:
            writer.transport.abort()
        for _ in range(5):
            await asyncio.sleep(0)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.met.set()
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                self.heard.set()
                self.bodies.append(await read_body(head.lower(), reader))
                if not self.script:
                    await asyncio.Event().wait()
                answer = self.script.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                if b"\r\n\r\n" not in answer or b"connection: close" in answer.lower():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


async def read_body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    if b"content-length: " in head:
        return await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
    if b"transfer-encoding: chunked" in head:
        return await reader.readuntil(b"0\r\n\r\n")
    return b""


class Response:
    """What the server was sent."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def fields(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    @property
    def is_whole(self) -> bool:
        return bool(self.messages) and not self.messages[-1].get("more_body", True)


Sent = Callable[[Any], Any]


class Caller:
    """Calls an adapter as a server would, and keeps the events."""

    def __init__(self, adapter: Adapter, kept: Kept, upstream: Scripted) -> None:
        self.adapter = adapter
        self.rows = kept.rows
        self.upstream = upstream
        self.disconnected = asyncio.Event()
        self.pieces_taken = 0

    async def ask(
        self,
        method: str = "GET",
        path: bytes = b"/orders/1",
        *,
        fields: Fields = (),
        body: Sequence[bytes] = (),
    ) -> Response:
        response = Response()

        async def send(message: Any) -> None:
            response.messages.append(message)

        await self.call(method, path, (fields, body), send)
        return response

    async def call(
        self, method: str, path: bytes, message: tuple[Fields, Sequence[bytes]], send: Sent
    ) -> None:
        fields, body = message
        pieces = list(body)

        async def receive() -> Any:
            if pieces:
                piece = pieces.pop(0)
                self.pieces_taken += 1
                return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
            await self.disconnected.wait()
            return {"type": "http.disconnect"}

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "raw_path": path,
            "path": path.decode(),
            "query_string": b"",
            "headers": [(b"host", b"edge"), *fields],
            "client": ("10.0.0.9", 1),
        }
        await self.adapter(scope, receive, send)


def outcomes(caller: Caller) -> list[str]:
    """Outcomes of the final events."""
    return [row["outcome"] for row in caller.rows if not row["interim"]]


@asynccontextmanager
async def calling(
    *script: bytes | None, policy: str = "{policy}", app: App | None = None, answers: Any = None
) -> AsyncIterator[Caller]:
    """An adapter in front of a scripted upstream; `{port}` in the policy is that upstream's."""
    upstream = Scripted(*script)
    server = await asyncio.start_server(upstream.converse, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    gateway: Gateway = gateway_with(policy.replace("{port}", str(upstream.port)))
    loop = asyncio.get_running_loop()
    gateway.monotonic = loop.time
    gateway.sink.writer = kept = Kept()
    if answers is not None:
        gateway.answers = answers
    adapter = Adapter(gateway, app)
    adapter.start()
    try:
        yield Caller(adapter, kept, upstream)
    finally:
        adapter.cut()
        adapter.close()
        server.close()
        await upstream.close()
