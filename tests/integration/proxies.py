"""A real proxy process, a real upstream, and real load, for the integration tests."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

TOKEN = "manage-secret"
DEADLINE_S = 20.0
ROOT = Path(__file__).parents[2]


def eventually(condition: Callable[[], Any], what: str, within_s: float = DEADLINE_S) -> Any:
    """The condition's value once it is true."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {within_s} s: {what}")


class Upstream:
    """An HTTP/1.1 server in a thread: answers `/held` only once released, everything else at once."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.released = asyncio.Event()
        self.arrived = threading.Event()  # a held request is here
        self.port = 0
        self.started = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self) -> None:
        with (
            asyncio.Runner(loop_factory=lambda: self.loop) as runner,
            contextlib.suppress(asyncio.CancelledError),
        ):
            runner.run(self.serve())

    async def serve(self) -> None:
        self.stopped = asyncio.Event()
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        await self.stopped.wait()
        server.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.split(b" ", 2)[1] == b"/held":
                    self.arrived.set()
                    await self.released.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                await writer.drain()

    def release(self) -> None:
        self.loop.call_soon_threadsafe(self.released.set)

    def stop(self) -> None:
        self.release()
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join(5.0)


@contextlib.contextmanager
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    server.thread.start()
    assert server.started.wait(5.0)
    try:
        yield server
    finally:
        server.stop()


def policy_text(port: int, *, limits: str = "") -> str:
    return (
        f'upstreams:\n  - {{name: up, url: "http://127.0.0.1:{port}"}}\n'
        f'routes:\n  - {{name: all, path: "/*", upstream: up}}\n{limits}'
    )


class Proxy:
    """A proxy process; its standard error is kept."""

    def __init__(self, directory: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.log = directory / f"stderr-{time.monotonic_ns()}"
        self.data = directory / "data"
        manage = directory / "manage.sock"
        self.client = httpx2.Client(
            transport=httpx2.HTTPTransport(uds=str(manage)), base_url="http://manage", timeout=5.0
        )
        words = ["--listen", "127.0.0.1:0", "--manage", f"unix:{manage}", "--warehouse", "none"]
        words += ["--data", str(self.data), "--name", "edge", *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "proxy.main", *words],
                stderr=log,
                env={**os.environ, "TIDEGATE_MANAGE_TOKEN": TOKEN, **(environment or {})},
                cwd=ROOT,
            )

    def said(self) -> str:
        return self.log.read_text()

    def ready(self) -> str:
        """The URL that the ready line tells."""

        def url() -> str | None:
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}: {self.said()}")
            for line in self.said().splitlines():
                if line.startswith("tidegate-proxy ready on "):
                    return line.rpartition(" ")[2]
            return None

        found = eventually(url, "the ready line")
        assert isinstance(found, str)
        return found

    def readiness(self) -> httpx2.Response:
        return self.client.get("/readyz")

    def told(self, path: str) -> httpx2.Response:
        answer = self.client.get(path, headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        return answer

    def metric(self, line: str) -> float | None:
        """The value of a series whose name and labels are `line`."""
        for each in self.told("/metrics").text.splitlines():
            if each.startswith(line + " "):
                return float(each.rpartition(" ")[2])
        return None

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self, within_s: float = DEADLINE_S) -> int:
        return self.process.wait(within_s)


@contextlib.contextmanager
def proxy(directory: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[Proxy]:
    running = Proxy(directory, *options, environment=environment)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        running.client.close()


class Load:
    """Keep-alive connections that ask one after another, in a thread, until stopped."""

    def __init__(self, url: str, connections: int = 8) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self.connections = connections
        self.answered = 0
        self.failures: list[str] = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True)

    async def run(self) -> None:
        await asyncio.gather(*(self.ask() for _ in range(self.connections)))

    async def ask(self) -> None:
        while not self.stopping.is_set():
            try:
                await self.converse()
            except (OSError, asyncio.IncompleteReadError) as failure:
                self.failures.append(repr(failure))
                await asyncio.sleep(0.01)

    async def converse(self) -> None:
        """One connection's requests, until it is told to close."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            while not self.stopping.is_set():
                writer.write(b"GET /a HTTP/1.1\r\nHost: edge\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                if not head.startswith(b"HTTP/1.1 200 "):
                    self.failures.append(head.split(b"\r\n")[0].decode())
                self.answered += 1
                if b"connection: close" in head.lower():
                    return
        finally:
            writer.close()


@contextlib.contextmanager
def load(url: str, connections: int = 8) -> Iterator[Load]:
    running = Load(url, connections)
    running.thread.start()
    try:
        yield running
    finally:
        running.stopping.set()
        running.thread.join(10.0)


def statuses(url: str, requests: int) -> list[int]:
    """The statuses of some requests, each on a connection of its own."""
    return [httpx2.get(f"{url}/a", trust_env=False).status_code for _ in range(requests)]
