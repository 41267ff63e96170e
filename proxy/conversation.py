"""One request of an ASGI server: messages in, messages out, and the exchange between them.

The exchange is the native transport's: deadlines, retries, outcomes and the one final event are
the same code. What cannot be seen here stands in docs/asgi-adapter.md.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, cast

from kernel.boundary import contain
from kernel.events import Outcome
from proxy.ending import Phase
from proxy.exchange import Exchange
from proxy.framing import LAST_CHUNK, Body, response_body, to_chunk
from proxy.pipeline import Origin
from proxy.refusal import Answer, rate_limit_values
from proxy.response import ResponseHead
from proxy.timers import NEVER
from proxy.upstream import HIGH_WATER_BYTES

if TYPE_CHECKING:
    from proxy.adapter import Adapter

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CRLF = b"\r\n"
MOST_REMEMBERED_BYTES = 1_024  # of a response's fields


def to_fields(lines: bytes) -> list[tuple[bytes, bytes]]:
    """Header lines as ASGI wants them; `lines` holds whole lines."""
    pairs = (line.partition(b":") for line in lines.split(CRLF) if line)
    return [(name.lower(), value.strip(b" \t")) for name, _, value in pairs]


class AsgiExchange(Exchange):
    """An exchange whose body and response are ASGI messages; everything else is the native one's."""

    __slots__ = ()

    def take_piece(self, piece: bytes, more: bool) -> None:
        """Relay a piece of the request's body, which the server has taken out of its framing."""
        self._note(piece)
        if self.bytes_in > self.most_body_bytes:
            self.reason = "body-too-large"
            self.fail(Outcome.BODY_TOO_LARGE, 413)
            return
        if not more:
            self.request_done = True
            self.body_at = self.connection.listener.gateway.monotonic()
        if self.body is Body.CHUNKED:
            piece = (to_chunk(piece) if piece else b"") + (b"" if more else LAST_CHUNK)
        if piece:
            self._send(piece)
        elif self.phase is Phase.BODY:
            self.wait()

    def begin_response(self, head: ResponseHead) -> Body:
        """The upstream's final head; the server frames the body."""
        conversation = cast("Conversation", self.connection)
        request, judged = self.head, self.judged
        assert request is not None
        assert judged is not None
        self.first_byte_at = conversation.listener.gateway.monotonic()
        self.status = head.status
        self.response_begun = True
        self.client_body = Body.CLOSE  # pieces are passed on as they are
        fields = [(b"x-request-id", self.request_id)]
        if judged.verdicts.limits:
            policy, left = rate_limit_values(judged.verdicts.limits, self.prepared)
            fields += ((b"ratelimit-policy", policy), (b"ratelimit", left))
        conversation.begin_response(head, fields, request.method)
        self.phase = Phase.RESPONSE
        self.phase_at = conversation.wheel.soon + self.deadlines.idle_s
        return response_body(request.method, head.status, head.length, head.chunked)

    def interim(self, status: int, lines: list[bytes]) -> None:
        """100 is the server's own business, and no server passes 103 on."""

    def answer(self, answer: Answer, outcome: Outcome) -> None:
        """Answer by ourselves, and end."""
        conversation = cast("Conversation", self.connection)
        written, self.bytes_out = conversation.listener.refusals.to_bytes(
            answer,
            (self.decision_id, self.trace_id),
            now=self.started,
            closing=False,
            body=self.head is None or self.head.method != "HEAD",
        )
        head, _, content = written.partition(CRLF + CRLF)
        self.status = answer.status
        self.response_begun = True
        conversation.answer(answer.status, to_fields(head.partition(CRLF)[2]), content)
        self.finish(outcome)
        conversation.go_on(closing=False, lingering=False)


class Conversation:
    """One request of an ASGI server, as an exchange sees its connection."""

    __slots__ = (
        "broken",
        "ended",
        "exchange",
        "falls",
        "is_ending",
        "listener",
        "origin",
        "paused",
        "pending",
        "pieces",
        "reading",
        "receive",
        "sending",
        "start",
        "task",
        "visit_at",
        "waiter",
        "watching",
        "wheel",
        "write_paused",
    )

    def __init__(self, adapter: "Adapter", origin: Origin, receive: Receive) -> None:
        self.listener = adapter
        self.origin = origin
        self.wheel = adapter.wheel
        self.receive = receive
        self.exchange: AsgiExchange | None = None
        self.start: Message | None = None
        self.pieces: list[bytes] = []
        self.pending = 0  # bytes in pieces
        self.broken = self.ended = self.falls = self.is_ending = self.paused = self.write_paused = False
        self.sending = False
        self.task: asyncio.Task[Any] | None = None  # set while it waits for the server
        self.reading: asyncio.Task[None] | None = None
        self.watching: asyncio.Task[None] | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.visit_at = NEVER

    # -- what an exchange asks for --------------------------------------------------------

    @property
    def transport(self) -> "Conversation":
        """Where an exchange writes its body."""
        return self

    def write(self, piece: bytes) -> None:
        """Queue a piece; the exchange is not over before the server took it."""
        self.pieces.append(piece)
        self.pending += len(piece)
        self.write_paused = True
        if (
            self.pending > HIGH_WATER_BYTES
            and self.exchange is not None
            and self.exchange.upstream is not None
        ):
            self.exchange.upstream.set_reading(False)
        self.wake()

    def begin_response(self, head: ResponseHead, fields: list[tuple[bytes, bytes]], method: str) -> None:
        """Queue the start of a response: the upstream's fields, then the gateway's."""
        known = self.listener.blocks.get(head.block)
        if known is None:
            known = to_fields(head.block)
            if len(head.block) <= MOST_REMEMBERED_BYTES:
                self.listener.blocks.keep(head.block, known)
        pairs = known.copy()  # it belongs to the server from now on
        if head.status == 304 and method != "HEAD":
            # It tells the length of what it does not send, which servers would wait for.
            pairs = [pair for pair in pairs if pair[0] != b"content-length"]
        pairs.append((b"via", b"%b, 1.1 tidegate" % head.via if head.via else b"1.1 tidegate"))
        pairs += fields
        self.start = {"type": "http.response.start", "status": head.status, "headers": pairs}
        self.write_paused = True
        self.wake()

    def answer(self, status: int, fields: list[tuple[bytes, bytes]], content: bytes) -> None:
        """Queue a whole response of the gateway's own."""
        self.start = {"type": "http.response.start", "status": status, "headers": fields}
        self.pieces = [content]

    def go_on(self, *, closing: bool, lingering: bool) -> None:
        """The exchange has ended."""
        self.ended = True
        self.wake()

    def cut(self) -> None:
        """The exchange ended behind the status line: the server must not fake an end."""
        self.broken = self.ended = True
        self.wake()
        if self.sending and self.task is not None:
            self.task.cancel()

    def pause(self) -> None:
        """Read no more of the body."""
        self.paused = True

    def resume(self) -> None:
        """Read on."""
        exchange = self.exchange
        upstream = None if exchange is None else exchange.upstream
        if self.paused and (upstream is None or not upstream.write_paused):
            self.paused = False
            self.read_body()

    def fall_through(self, exchange: Exchange) -> None:
        """A Python handler answers."""
        self.falls = True

    def watch(self, when: float) -> None:
        """Be visited at `when` at the latest."""
        if when < self.visit_at:
            self.wheel.put(self, when)

    def visit(self, now: float) -> float:
        """Deadlines; and from now on a hang-up is looked for."""
        exchange = self.exchange
        if exchange is None:
            return NEVER
        if self.watching is None and exchange.request_done and not self.falls:
            self.watching = spawn(self.watch_client(), exchange, "hang-up")
        again = contain(exchange.visit, now, exchange.crash)
        return NEVER if again is None else again

    # -- the server's side ----------------------------------------------------------------

    def wake(self) -> None:
        """There is something to send, or nothing more."""
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)

    async def watch_client(self) -> None:
        """Wait for the client to hang up."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.client_gone()

    def client_gone(self) -> None:
        """The client hung up."""
        if self.exchange is not None:
            self.exchange.client_gone()
        self.broken = self.ended = True
        self.wake()

    def read_body(self) -> None:
        """Relay the request's body in a task of its own: a response may begin before its end."""
        exchange = self.exchange
        if (
            exchange is not None
            and not exchange.request_done
            and (self.reading is None or self.reading.done())
        ):
            self.reading = spawn(self.relay_body(exchange), exchange, "request body")

    async def relay_body(self, exchange: AsgiExchange) -> None:
        """Until its end, or until the upstream reads slowly."""
        while not (self.paused or exchange.over or exchange.request_done):
            message = await self.receive()
            if message["type"] == "http.disconnect":
                self.client_gone()
                return
            exchange.take_piece(message.get("body", b""), message.get("more_body", False))

    async def deliver(self, send: Send) -> None:
        """Send what is queued until the exchange is over; what was cut is sent without an end."""
        exchange = self.exchange
        while True:
            if self.start is None and not self.pieces and not self.ended:
                self.waiter = asyncio.get_running_loop().create_future()
                await self.waiter
                continue
            self.sending = True
            if self.start is not None:
                start, self.start = self.start, None
                await send(start)
            body, self.pieces, self.pending = b"".join(self.pieces), [], 0
            delivered = not self.broken and (
                self.ended or exchange is None or exchange.phase is Phase.DELIVERY
            )
            if body or delivered:
                await send({"type": "http.response.body", "body": body, "more_body": not delivered})
            self.sending = False
            if delivered and exchange is not None and not exchange.over:
                exchange.complete()
            if delivered or self.broken:
                return
            self.reads_again(exchange)

    def reads_again(self, exchange: AsgiExchange | None) -> None:
        """The server took all: the upstream may go on."""
        if exchange is None or self.pieces or self.broken:
            return
        self.write_paused = False
        if exchange.phase is not Phase.DELIVERY and exchange.upstream is not None:
            exchange.upstream.set_reading(True)

    def close(self) -> None:
        """End what belongs to this request."""
        self.wheel.remove(self)
        for task in (self.reading, self.watching):
            if task is not None:
                task.cancel()


def spawn(work: Coroutine[Any, Any, None], exchange: AsgiExchange, name: str) -> asyncio.Task[None]:
    """A task beside the delivery; a bug in it is told as the exchange's `crashed`."""

    def tell(ended: asyncio.Task[None]) -> None:
        bug = None if ended.cancelled() else ended.exception()
        if isinstance(bug, Exception):
            exchange.crash(bug)

    task = asyncio.create_task(work, name=name)
    task.add_done_callback(tell)
    return task
