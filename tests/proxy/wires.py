"""Connections without sockets: transports that note what they are told, for tests of one connection."""

import asyncio
from typing import Any, cast

from proxy.connection import ClientConnection
from proxy.native import Listener
from proxy.upstream import Pool, UpstreamConnection
from tests.proxy.around import SetClock
from tests.proxy.fakes import FakeGateway, policy_text, snapshot_of


class Wire:
    """A transport that keeps what is written to it."""

    def __init__(self, peer: str = "127.0.0.1") -> None:
        self.written = b""
        self.peer = peer
        self.closed = self.aborted = self.ended = self.paused = False

    def write(self, data: bytes) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def set_write_buffer_limits(self, high: int, low: int) -> None:
        self.limits = (high, low)

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.peer, 1) if name == "peername" else default


class Served:
    """The part of uvicorn's server state that connections touch."""

    def __init__(self) -> None:
        self.connections: set[object] = set()


class Bench:
    """One client connection and one idle upstream connection, on clocks that the test sets."""

    def __init__(self) -> None:
        self.gateway = FakeGateway(snapshot_of(policy_text(9)))
        self.clock = SetClock(1_000.0)
        self.gateway.clock = self.gateway.monotonic = self.clock
        self.listener = Listener(self.gateway)
        self.client = Wire()
        self.upstream = Wire()
        self.served = Served()
        self.connection = ClientConnection(self.listener, cast(Any, None), cast(Any, self.served), {})
        self.connection.connection_made(cast(asyncio.Transport, self.client))
        self.pool: Pool = self.listener.upstreams.pool("127.0.0.1", 9, 8)
        self.idle = self.connect()
        self.pool.idle.append(self.idle)

    def connect(self) -> UpstreamConnection:
        """A further upstream connection."""
        upstream = UpstreamConnection(self.pool)
        upstream.connection_made(cast(asyncio.Transport, self.upstream))
        self.pool.open += 1
        return upstream

    def pass_time(self, seconds: float) -> None:
        """Let time pass, a tick of the wheel at a time."""
        for _ in range(round(seconds * 10)):
            self.clock.now += 0.1
            self.listener.wheel.turn()

    @property
    def outcomes(self) -> list[object]:
        """Outcomes of the events so far."""
        return [row[14] for row in self.gateway.sink.rows]


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
