"""A control endpoint over real HTTP on a free port, in a thread of its own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import uvicorn

from console.control import create_app
from console.state import ControlState, open_state
from console.store import Clock
from console.tokens import ROLES_OF_TOKEN, Role, Token, Tokens
from console.web.pages import add_pages

TOKEN = "t0ken"
EVERYTHING = Token(TOKEN, frozenset(Role), "admin")  # no real token has every role
TOKENS = [EVERYTHING, *(Token(f"of-{role}", roles, role) for role, roles in ROLES_OF_TOKEN.items())]
PATIENCE_S = 20.0


class Served:
    """`call` talks to it as its operator; `told` is what it said about policies."""

    def __init__(self, url: str, told: list[str]) -> None:
        self.url = url
        self.told = told
        self.call = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=PATIENCE_S, trust_env=False
        )


class Serving:
    """Runs the endpoint until `end`."""

    def __init__(self, directory: Path, policy: Path, clock: Clock, *, warehouse: str) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.told: list[str] = []
        self.ready = threading.Event()
        self._where = (directory / "control.sqlite", policy, clock)
        self._warehouse = warehouse
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:  # a start that failed must not keep the test waiting
            self.socket.close()
            self.ready.set()

    def begin(self) -> None:
        self._thread.start()
        assert self.ready.wait(PATIENCE_S)
        assert self._thread.is_alive(), "the endpoint did not start"

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        state = open_state(*self._where)
        tokens = Tokens(TOKENS)
        app = create_app(state, tokens)
        add_pages(app, state, tokens, self._warehouse, clock=self._where[2])
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        beside = asyncio.gather(
            state.watch_policy(self.told.append), state.expire_overlays(), state.expire_rules()
        )
        main = asyncio.create_task(server.serve(sockets=[self.socket]))
        self.ready.set()
        await self._stop.wait()
        await finish(state, server, main)
        beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beside
        await state.close()


async def finish(state: ControlState, server: uvicorn.Server, main: asyncio.Task[None]) -> None:
    """As the process does it."""
    await state.release_followers()
    server.should_exit = True
    await main


@contextlib.contextmanager
def served(directory: Path, policy: Path, clock: Clock, *, warehouse: str = "") -> Iterator[Served]:
    """A control endpoint and its pages, with its store in `directory`."""
    serving = Serving(directory, policy, clock, warehouse=warehouse)
    serving.begin()
    host, port = serving.socket.getsockname()
    endpoint = Served(f"http://{host}:{port}", serving.told)
    try:
        yield endpoint
    finally:
        endpoint.call.close()
        serving.end()
