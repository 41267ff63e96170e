"""Sends planned requests at their times over a pool of keep-alive connections, and remembers them.

The pool stands for a load balancer in front of the gateway: every connection carries everybody's
requests, and says by X-Forwarded-For whose each one is. The arrivals are open-loop: a slow
gateway does not slow the generator down, it only lengthens the queue before the pool.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from lab.population import Identity
from lab.record import Label, Sent
from lab.traffic import Planned
from lab.wire import Answer, Wire, closing, connect

DEADLINE_S = 20.0
STEP_S = 0.002  # requests due within one step are handed out together


class Gateway(NamedTuple):
    """Where the proxy listens."""

    host: str
    port: int


class Due(NamedTuple):
    """A request whose time has come."""

    request: bytes
    identity: str
    label: Label
    route: str


Clock = Callable[[], float]


def request_bytes(person: Identity, planned: Planned, authority: str) -> bytes:
    """The bytes of a request, with the head fields that this kind of client sends, in its order."""
    head = [f"{planned.method} {planned.path} HTTP/1.1", f"Host: {authority}"]
    if person.kind in ("browser", "office"):
        head += [
            f"User-Agent: {person.user_agent}",
            "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Language: en-GB,en;q=0.7",
            "Accept-Encoding: gzip, deflate, br",
        ]
    elif person.kind == "app":
        head += ["Accept-Encoding: gzip", "Accept: application/json", f"User-Agent: {person.user_agent}"]
    else:
        head += ["Accept: */*", f"User-Agent: {person.user_agent}"]
    if person.key:
        head.append(f"X-Api-Key: {person.key}")
    head.append(f"X-Forwarded-For: {person.address}")
    if planned.body:
        head += ["Content-Type: application/json", f"Content-Length: {len(planned.body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + planned.body


def route_of(path: str) -> str:
    """First segment of a path: enough to tell the shop's routes apart."""
    return path.partition("?")[0].split("/", 2)[1]


class Driver:
    """Takes requests when they are due and sends them; `sent` grows in order of completion."""

    def __init__(self, gateway: Gateway, clock: Clock, *, connections: int) -> None:
        self._gateway = gateway
        self._clock = clock
        self._connections = connections
        self._queue: asyncio.Queue[Due | None] = asyncio.Queue()
        self.sent: list[Sent] = []
        self.begun = 0  # requests written to a connection

    @property
    def waiting(self) -> int:
        """Requests that are due and have no connection yet."""
        return self._queue.qsize()

    def submit(self, due: Due) -> None:
        """Send a request as soon as a connection is free."""
        self._queue.put_nowait(due)

    async def serve(self) -> None:
        """Work until `finish`; connections are opened as they are needed."""
        with closing([]) as wires:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._connections):
                    group.create_task(self._work(wires))

    def finish(self) -> None:
        """Let `serve` end after what is queued."""
        for _ in range(self._connections):
            self._queue.put_nowait(None)

    async def _work(self, wires: list[Wire]) -> None:
        wire: Wire | None = None
        loop = asyncio.get_running_loop()
        while (due := await self._queue.get()) is not None:
            if wire is None or not wire.is_open:
                wire = await self._open(wires)
            at, began = self._clock(), loop.time()
            self.begun += 1
            answer = Answer(0, 0) if wire is None else await wire.exchange(due.request, DEADLINE_S)
            duration_ms = (loop.time() - began) * 1e3
            self.sent.append(Sent(at, due.identity, due.label, due.route, answer.status, duration_ms))

    async def _open(self, wires: list[Wire]) -> Wire | None:
        try:
            wire = await connect(self._gateway.host, self._gateway.port)
        except OSError:
            return None
        wires.append(wire)
        return wire


class Cast(NamedTuple):
    """Who sends what: the people, the gateway's authority, and the label of
    an identity at a time of the plan."""

    people: tuple[Identity, ...]
    authority: str
    label_of: Callable[[str, float], Label]


async def play(driver: Driver, plan: Iterable[Planned], cast: Cast, started: float) -> None:
    """Submit each planned request at `started + at` on the event loop's clock, until the plan ends."""
    loop = asyncio.get_running_loop()
    for planned in plan:
        wait = started + planned.at - loop.time()
        if wait > STEP_S:
            await asyncio.sleep(wait)
        person = cast.people[planned.who]
        driver.submit(
            Due(
                request_bytes(person, planned, cast.authority),
                person.identity,
                cast.label_of(person.identity, planned.at),
                route_of(planned.path),
            )
        )
