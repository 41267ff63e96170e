"""Upstream connections: a keep-alive pool per address and the client side of HTTP/1.1.

A connection goes back to the pool only when its request was sent whole, its response was read
whole, the upstream wants to keep it and not one byte came beyond (else the next client would get
somebody else's response). Bytes on an idle connection close it.
"""

import asyncio
from collections import deque
from typing import Protocol

from kernel.boundary import contain
from proxy.framing import Body, Chunked, Malformed
from proxy.head import END
from proxy.headers import Codes
from proxy.response import (
    FINAL_STATUS,
    FORWARDED_INTERIM,
    MOST_INTERIM,
    ResponseHead,
    check_partial_response,
    read_response_head,
    response_codes,
    status_line,
)
from proxy.timers import NEVER, Wheel

HIGH_WATER_BYTES = 65_536
LOW_WATER_BYTES = 16_384
NONE, LENGTH, CHUNKED = Body.NONE, Body.LENGTH, Body.CHUNKED  # a look-up in the class costs 30 ns
MOST_REMEMBERED_BYTES = 1_024  # of a response head, per connection
IDLE_S = 55.0  # below the 60 to 75 s after which common servers close
SWEEP_S = 5.0


class Asker(Protocol):
    """Who waits for a response: an exchange."""

    over: bool

    def connected(self, upstream: "UpstreamConnection") -> None:
        """A connection is there."""

    def connect_failed(self, timed_out: bool) -> None:
        """There will be none."""

    def upstream_lost(self, upstream: "UpstreamConnection", exc: Exception | None) -> None:
        """The connection closed before the response was whole."""

    def upstream_malformed(self, why: str) -> None:
        """A response that no client may see."""

    def upstream_paused(self, is_paused: bool) -> None:
        """The upstream reads slowly, or again."""

    def interim(self, status: int, lines: list[bytes]) -> None:
        """A 1xx response."""

    def begin_response(self, head: ResponseHead) -> Body:
        """The final response's head; returns how its body ends."""

    def deliver(self, piece: bytes) -> None:
        """A piece of the body."""

    def flush(self) -> None:
        """Write what was delivered."""

    def response_complete(self, upstream: "UpstreamConnection", *, reusable: bool) -> None:
        """The response was read to its end."""

    def crash(self, bug: Exception) -> None:
        """A bug of the gateway."""


class UpstreamConnection(asyncio.Protocol):
    """One connection to an upstream; `asker` is None while it is idle."""

    __slots__ = (
        "asker",
        "body",
        "buffer",
        "decoder",
        "heard",
        "idle_since",
        "interims",
        "keep_alive",
        "last",
        "pool",
        "remaining",
        "reused",
        "surplus",
        "transport",
        "write_paused",
    )

    def __init__(self, pool: "Pool") -> None:
        self.pool = pool
        self.asker: Asker | None = None
        self.transport: asyncio.Transport
        self.body: Body | None = None
        self.buffer = b""
        self.decoder: Chunked | None = None
        self.heard = False  # whether a byte of the response has come
        self.keep_alive = self.reused = self.surplus = self.write_paused = False
        self.remaining = self.interims = 0
        self.idle_since = 0.0
        self.last: tuple[bytes, ResponseHead] | None = None  # final; the same bytes are the same head

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set low water marks: a slow side must not fill the memory."""
        self.transport = transport  # type: ignore[assignment]  # a stream's transport writes
        self.transport.set_write_buffer_limits(HIGH_WATER_BYTES, LOW_WATER_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits; the pool forgets it."""
        asker, self.asker = self.asker, None
        self.pool.forget(self)
        if asker is not None:
            asker.upstream_lost(self, exc)

    def pause_writing(self) -> None:
        """The upstream reads slowly."""
        self.write_paused = True
        if self.asker is not None:
            self.asker.upstream_paused(True)

    def resume_writing(self) -> None:
        """It reads again."""
        self.write_paused = False
        if self.asker is not None:
            self.asker.upstream_paused(False)

    def begin(self, asker: Asker, request: bytes) -> None:
        """Send the beginning of a request."""
        self.asker = asker
        self.body = None
        self.heard = self.surplus = False
        self.interims = 0
        self.transport.write(request)

    def send(self, piece: bytes) -> None:
        """Send more of the request's body."""
        self.transport.write(piece)

    def set_reading(self, is_reading: bool) -> None:
        """Stop or go on reading the response: the client reads slowly, or again."""
        if self.transport.is_closing():
            return
        if is_reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def abandon(self) -> None:
        """Close at once; nobody waits any more."""
        self.asker = None
        if not self.transport.is_closing():
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes of a response."""
        asker = self.asker
        if asker is None:
            self.transport.close()  # nobody asked for them
            return
        self.heard = True
        contain(self._receive, data, asker.crash)

    def _receive(self, data: bytes) -> None:
        asker = self.asker
        assert asker is not None
        try:
            if self.body is None:
                data = self._read_head(asker, data)
            if self.body is not None:
                self._read_body(asker, data)
        except Malformed as wrong:
            asker.upstream_malformed(str(wrong))

    def _read_head(self, asker: Asker, data: bytes) -> bytes:
        """Read heads up to the final one; returns what followed it. Raises Malformed."""
        if self.buffer:
            data = self.buffer + data
            self.buffer = b""
        last = self.last
        if last is not None and data.startswith(
            last[0]
        ):  # upstreams that keep a connection repeat themselves
            self._begin_body(asker, last[1])
            return data[len(last[0]) :]
        while data:
            end = data.find(END)
            if end < 0:
                check_partial_response(data)
                self.buffer = data
                break
            end += 4
            raw, data = data[:end], data[end:]
            head = read_response_head(raw, self.pool.codes)
            if head.status >= FINAL_STATUS:
                self.last = (raw, head) if end <= MOST_REMEMBERED_BYTES else None
                self._begin_body(asker, head)
                return data
            self._interim(asker, head)
        return b""

    def _interim(self, asker: Asker, head: ResponseHead) -> None:
        self.interims += 1
        if head.status == 101 or self.interims > MOST_INTERIM:
            raise Malformed("an upgrade that nobody asked for, or 1xx without end")
        if head.status in FORWARDED_INTERIM:
            asker.interim(head.status, [status_line(head.status), head.block, b"\r\n"])

    def _begin_body(self, asker: Asker, head: ResponseHead) -> None:
        self.keep_alive = head.keep_alive
        body = self.body = asker.begin_response(head)
        self.remaining = head.length if body is LENGTH else 0
        self.decoder = Chunked() if body is CHUNKED else None

    def _read_body(self, asker: Asker, data: bytes) -> None:
        """Deliver a piece; the end of the body ends the exchange. Raises Malformed."""
        body = self.body
        done = False
        if body is LENGTH:
            size = len(data)
            if size > self.remaining:
                self.surplus = True
                data = data[: self.remaining]
                size = self.remaining
            self.remaining -= size
            done = not self.remaining
            if size:
                asker.deliver(data)
        elif body is NONE:
            self.surplus = bool(data)
            done = True
        elif self.decoder is not None:
            self._decode(asker, self.decoder, data)
            done = self.decoder.done
            self.surplus = bool(self.decoder.rest)
        elif data:
            asker.deliver(data)
        if not done:
            asker.flush()
            return
        asker.response_complete(self, reusable=self.keep_alive and not self.surplus)

    def _decode(self, asker: Asker, decoder: Chunked, data: bytes) -> None:
        pieces: list[bytes] = []
        try:
            decoder.feed(data, pieces)
        finally:
            for piece in pieces:
                asker.deliver(piece)


class Pool:
    """Connections to one address: the most recently used idle one is taken first."""

    __slots__ = (
        "_dialled",
        "_loop",
        "codes",
        "host",
        "idle",
        "most",
        "open",
        "port",
        "visit_at",
        "waiting",
        "wheel",
    )

    def __init__(self, host: str, port: int, *, most: int, wheel: Wheel) -> None:
        self.host = host
        self.port = port
        self.most = most
        self.wheel = wheel
        self.codes: Codes = response_codes()
        self.idle: list[UpstreamConnection] = []
        self.open = 0  # connections, and attempts
        self.waiting: deque[tuple[Asker, float]] = deque()
        self.visit_at = NEVER
        self._dialled: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        wheel.put(self, wheel.soon + SWEEP_S)

    def take(self) -> UpstreamConnection | None:
        """An idle connection, or None."""
        idle = self.idle
        while idle:
            upstream = idle.pop()
            if not upstream.transport.is_closing():
                upstream.reused = True
                return upstream
        return None

    def dial(self, asker: Asker, connect_s: float) -> None:
        """Tell `asker` of a new connection, or of one that becomes free where there are too many."""
        if self.open >= self.most:
            self.waiting.append((asker, connect_s))
            return
        self.open += 1
        task = self._loop.create_task(self._dial(asker, connect_s))
        self._dialled.add(task)
        task.add_done_callback(self._dialled.discard)

    async def _dial(self, asker: Asker, connect_s: float) -> None:
        try:
            async with asyncio.timeout(connect_s):
                _, upstream = await self._loop.create_connection(
                    lambda: UpstreamConnection(self), self.host, self.port
                )
        except OSError as failed:  # TimeoutError is one
            self.open -= 1
            if not asker.over:
                asker.connect_failed(isinstance(failed, TimeoutError))
            self._serve_waiting()
            return
        if asker.over:
            self.release(upstream)
        else:
            contain(asker.connected, upstream, asker.crash)

    def release(self, upstream: UpstreamConnection) -> None:
        """Take back a connection that may serve again."""
        upstream.asker = None
        while self.waiting:
            asker, _ = self.waiting.popleft()
            if not asker.over:
                upstream.reused = True
                contain(asker.connected, upstream, asker.crash)
                return
        upstream.idle_since = self.wheel.soon
        self.idle.append(upstream)

    def forget(self, upstream: UpstreamConnection) -> None:
        """A connection closed."""
        self.open -= 1
        if upstream in self.idle:
            self.idle.remove(upstream)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self.waiting and self.open < self.most:
            asker, connect_s = self.waiting.popleft()
            if not asker.over:
                self.dial(asker, connect_s)
                return

    def visit(self, now: float) -> float:
        """Close what was idle for too long, before the upstream does."""
        for upstream in [each for each in self.idle if each.idle_since + IDLE_S < now]:
            upstream.transport.close()
        return now + SWEEP_S

    def close(self) -> None:
        """Close the idle connections; attempts are given up."""
        for upstream in list(self.idle):
            upstream.transport.close()
        for task in self._dialled:
            task.cancel()
        self.wheel.remove(self)


class Upstreams:
    """The pools of one worker, by address: they survive reloads."""

    __slots__ = ("pools", "wheel")

    def __init__(self, wheel: Wheel) -> None:
        self.wheel = wheel
        self.pools: dict[tuple[str, int], Pool] = {}

    def pool(self, host: str, port: int, most: int) -> Pool:
        """The pool of an address; `most` connections from now on."""
        found = self.pools.get((host, port))
        if found is None:
            found = self.pools[(host, port)] = Pool(host, port, most=most, wheel=self.wheel)
        found.most = most
        return found

    def close(self) -> None:
        """Close every pool."""
        for pool in self.pools.values():
            pool.close()
