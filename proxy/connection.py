"""One client connection: heads are read, requests begun one after the other, deadlines kept.

Pipelined bytes are held and reading is paused, so at most one read (256 KB) is held.
A client that closes its sending side after a whole request still gets its response (the event says
HALF_CLOSED): a FIN does not tell a half-close from a hang-up, a reset does.
"""

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from kernel.addresses import UNKNOWN, parse_address
from kernel.boundary import contain
from kernel.events import Flag, Outcome
from proxy.ending import DELIVERY, HEAD, Ending
from proxy.exchange import Exchange
from proxy.fallthrough import Answerer
from proxy.head import (
    END,
    MOST_HEAD_BYTES,
    BadRequest,
    RequestHead,
    check_partial,
    read_head,
)
from proxy.pipeline import Origin
from proxy.plain_head import read_plain
from proxy.prepared import Prepared
from proxy.timers import NEVER
from proxy.upstream import HIGH_WATER_BYTES, LOW_WATER_BYTES

if TYPE_CHECKING:
    from proxy.native import Listener

logger = logging.getLogger("tidegate.proxy")

MOST_IN_A_ROW = 32  # pipelined requests answered before other connections get their turn
LINGER_S = 2.0  # a client that still sends gets this long to read the answer
MOST_LINGER_BYTES = 1 << 20
MOST_REMEMBERED_BYTES = 1_024  # of a head, per connection
TCP_CLOSE = 7  # of tcpi_state in Linux's tcp_info; a half-closed connection is in 8, CLOSE_WAIT
CRLF = b"\r\n"
HALF_CLOSED = int(Flag.HALF_CLOSED)


def is_reset(transport: asyncio.Transport) -> bool:
    """Whether an end of input was a reset: its error is told once only, and may be lost on the way."""
    sock = transport.get_extra_info("socket")
    if sock is None or not hasattr(socket, "TCP_INFO"):
        return False
    try:
        state: int = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except OSError:  # no TCP
        return False
    return state == TCP_CLOSE


class ClientConnection(asyncio.Protocol):
    """One client connection. `exchange` is None between requests."""

    __slots__ = (
        "app_state",
        "blank_skipped",
        "buffer",
        "config",
        "due",
        "eof",
        "exchange",
        "held",
        "last",
        "lingered",
        "lingering",
        "listener",
        "origin",
        "paused",
        "reading_heads",
        "server_state",
        "shutting",
        "skipping",
        "transport",
        "visit_at",
        "wheel",
        "write_paused",
    )

    def __init__(
        self, listener: "Listener", config: Config, server_state: ServerState, app_state: dict[str, Any]
    ) -> None:
        self.listener = listener
        self.wheel = listener.wheel
        self.config = config
        self.server_state = server_state
        self.app_state = app_state
        self.exchange: Exchange | None = None
        # The last head: clients that keep a connection often repeat themselves byte by byte, and
        # the same bytes under the same snapshot are the same head.
        self.last: tuple[bytes, Prepared, RequestHead] | None = None
        self.skipping: Ending | None = None  # was refused; its body is still to be read past
        self.buffer = self.held = b""
        self.blank_skipped = self.eof = self.lingering = self.paused = False
        self.reading_heads = self.shutting = self.write_paused = False
        self.lingered = 0
        self.visit_at = self.due = NEVER
        self.origin: Origin
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self.transport = transport  # type: ignore[assignment]  # a stream's transport writes
        self.transport.set_write_buffer_limits(HIGH_WATER_BYTES, LOW_WATER_BYTES)
        peer = transport.get_extra_info("peername")
        address = parse_address(peer[0]) if isinstance(peer, tuple) else None
        self.origin = Origin(address or UNKNOWN)
        if not self.listener.admit(self):
            self.transport.abort()
            return
        self.server_state.connections.add(self)  # type: ignore[arg-type]  # uvicorn asks for shutdown() alone
        self.due = self.wheel.soon + self.listener.current().head_s
        self.watch(self.due)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self.server_state.connections.discard(self)
        self.wheel.remove(self)
        exchange = self.exchange
        if exchange is not None:
            exchange.client_gone()
        self.listener.leave(self)  # last: who sees no connection has every event
        self.held = self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Bytes of requests."""
        contain(self._receive, data, self._crash)

    def _receive(self, data: bytes) -> None:
        exchange = self.exchange
        if self.lingering:
            self._discard(data)
        elif self.skipping is not None:
            self._skip(self.skipping, data)
        elif exchange is None or exchange.phase is HEAD:
            self._read_heads(data)
        elif exchange.request_done:
            self._hold(data)
        else:
            surplus = exchange.take_body(data)
            if surplus:
                self._hold(surplus)

    def eof_received(self) -> bool:
        """The client has closed its sending side; True keeps ours open for the response."""
        exchange = self.exchange
        self.eof = True
        if exchange is None:
            return False
        if not exchange.request_done or is_reset(self.transport):
            exchange.client_gone()
            return False
        exchange.flags |= HALF_CLOSED
        return True

    def pause_writing(self) -> None:
        """The client reads slowly."""
        self.write_paused = True
        if self.exchange is not None and self.exchange.upstream is not None:
            self.exchange.upstream.set_reading(False)

    def resume_writing(self) -> None:
        """The client reads again."""
        self.write_paused = False
        exchange = self.exchange
        if exchange is None:
            if self.held:
                self._resume_held()
        elif exchange.phase is DELIVERY:
            exchange.complete()
        elif exchange.upstream is not None:
            exchange.upstream.set_reading(True)

    def shutdown(self) -> None:
        """uvicorn is about to end: close when idle, else after the response."""
        self.shutting = True
        if self.exchange is None:
            self.transport.close()

    def _read_heads(self, data: bytes) -> None:
        """Begin requests, one after the other, as long as they end at once."""
        self.reading_heads = True
        rounds = 0
        while data and rounds < MOST_IN_A_ROW and not self.write_paused:
            data = self._read_head(data)
            rounds += 1
            if self.exchange is not None or self.lingering or self.skipping or self.transport.is_closing():
                break
        self.reading_heads = False
        if not data or self.lingering:
            return
        self._hold(data)
        if self.exchange is None and not self.write_paused:
            self.listener.loop.call_soon(self._resume_held)

    def _read_head(self, data: bytes) -> bytes:
        """Begin one request if its head is whole; returns what followed it."""
        seen = len(self.buffer)
        if seen:
            data = self.buffer + data
            self.buffer = b""
        if not self.blank_skipped and data.startswith(CRLF):  # RFC 9112 section 2.2
            self.blank_skipped = True
            data = data[2:]
            seen = 0
        end = data.find(END, max(0, seen - 3))
        if end < 0 or end + 4 > MOST_HEAD_BYTES:
            self._keep_partial(data, seen)
            return b""
        self.blank_skipped = False
        exchange = self.exchange
        if exchange is None:
            exchange = self.exchange = Exchange(self, self.listener.current())
            exchange.head_at = exchange.begun
        else:
            exchange.head_at = self.listener.gateway.monotonic()
        end += 4
        whole = len(data) == end
        return self._begin(exchange, data if whole else data[:end], b"" if whole else data[end:])

    def _begin(self, exchange: Exchange, head: bytes, rest: bytes) -> bytes:
        """Judge a whole head and begin what was decided; returns what followed the request."""
        prepared = exchange.prepared
        last = self.last
        if last is not None and head == last[0] and prepared is last[1]:
            parsed = last[2]
        else:
            try:
                hosts = self.listener.hosts
                parsed = read_plain(head, prepared.fields, hosts) or read_head(head, prepared.codes, hosts)
            except BadRequest as wrong:
                exchange.reject(wrong.status, str(wrong))
                return b""
            if len(head) <= MOST_REMEMBERED_BYTES:
                self.last = (head, prepared, parsed)
        if exchange.judge(parsed):
            return exchange.begin(rest)
        return exchange.refuse(rest)

    def _keep_partial(self, data: bytes, seen: int) -> None:
        """Keep a head that is not whole yet, unless it cannot become a good one."""
        if not data or data == b"\r":
            self.buffer = data
            return
        if self.exchange is None:
            prepared = self.listener.current()
            self.exchange = Exchange(self, prepared)
            self.due = self.wheel.soon + prepared.head_s
            self.watch(self.due)
        try:
            check_partial(data, seen)
        except BadRequest as wrong:
            self.exchange.reject(wrong.status, str(wrong))
            return
        self.buffer = data

    def fall_through(self, exchange: Exchange) -> None:
        """Let a Python handler answer."""
        answerer = Answerer(exchange, self)
        exchange.upstream = answerer
        exchange.wait()
        answerer.begin(exchange.sent)

    @property
    def is_ending(self) -> bool:
        """Whether this connection takes no further request."""
        return self.shutting or self.listener.gateway.draining

    def go_on(self, *, closing: bool, lingering: bool) -> None:
        """An exchange has ended: take the next request, or close."""
        if closing or (self.eof and not self.held):
            self.held = b""
            if lingering and not self.eof:
                self._linger()
            else:
                self.transport.close()
            return
        self.due = self.wheel.soon + self.listener.current().keep_alive_s
        if self.due < self.visit_at:
            self.wheel.put(self, self.due)
        if self.held and not self.reading_heads:
            self._resume_held()

    def _resume_held(self) -> None:
        """Go on with pipelined bytes."""
        if self.exchange is not None or self.transport.is_closing():
            return
        data, self.held = self.held, b""
        contain(self._read_heads, data, self._crash)
        self.resume()

    def _hold(self, data: bytes) -> None:
        self.held += data
        self.pause()

    def pause(self) -> None:
        """Read no further."""
        if not self.paused and not self.transport.is_closing():
            self.paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on, unless there is a reason left not to."""
        if not self.paused or self.held or self.transport.is_closing():
            return
        exchange = self.exchange
        if exchange is not None and exchange.upstream is not None and exchange.upstream.write_paused:
            return
        self.paused = False
        self.transport.resume_reading()

    def cut(self) -> None:
        """Close after an error behind the status line: what was written is all there is."""
        self.held = b""
        if self.write_paused:
            self.transport.abort()
        else:
            self.transport.close()

    def _linger(self) -> None:
        """Close our side, then read until the client has closed: a reset would eat the answer."""
        self.lingering = True
        self.buffer = b""
        self.due = self.wheel.soon + LINGER_S
        self.watch(self.due)
        self.transport.write_eof()
        self.resume()

    def skip(self, exchange: Ending) -> None:
        """Read past the body of a refused request before the next one."""
        self.skipping = exchange
        self.due = self.wheel.soon + exchange.deadlines.body_idle_s
        self.watch(self.due)

    def _skip(self, exchange: Ending, data: bytes) -> None:
        surplus = exchange.skip(data)
        if exchange.request_done:
            self.skipping = None
            self.go_on(closing=self.is_ending, lingering=False)
            if surplus and self.skipping is None:
                self._read_heads(surplus)
        elif exchange.is_skippable:
            self.due = self.wheel.soon + exchange.deadlines.body_idle_s
        else:
            self.skipping = None
            self.go_on(closing=True, lingering=True)

    def _discard(self, data: bytes) -> None:
        self.lingered += len(data)
        if self.lingered > MOST_LINGER_BYTES:
            self.transport.abort()

    def _crash(self, bug: Exception) -> None:
        self.reading_heads = False
        if self.exchange is not None:
            self.exchange.crash(bug)
            return
        logger.error("the gateway failed a connection", exc_info=bug)
        self.listener.crashes += 1
        self.transport.abort()

    def watch(self, when: float) -> None:
        """Be visited at `when` at the latest."""
        if when < self.visit_at:
            self.wheel.put(self, when)

    def visit(self, now: float) -> float:
        """Act on deadlines that passed; returns the time of the next visit."""
        again = contain(self._visit, now, self._crash)
        return NEVER if again is None else again

    def _visit(self, now: float) -> float:
        exchange = self.exchange
        if exchange is not None and exchange.phase is not HEAD:
            again = exchange.visit(now)
            if self.exchange is exchange:
                return again
            return self.due if not self.transport.is_closing() else NEVER
        if now < self.due:
            return self.due
        if exchange is not None:
            exchange.fail(Outcome.HEAD_TIMEOUT, 408)
            return self.due
        if self.lingering:
            self.transport.abort()
        else:
            self.transport.close()
        return NEVER
