"""One exchange: a request that was begun, its upstream, its deadlines, and its one final event.

Every way in which a request can end passes through `finish`, which offers exactly one event.
After the response began an error closes the connection: nothing is faked behind a status line.
"""

import enum
import logging
from typing import TYPE_CHECKING, Protocol

import msgspec

from kernel.decide import Reason, Verdicts
from kernel.events import Flag, Outcome
from proxy.framing import LAST_CHUNK, Body, Chunked, Malformed, response_body, to_chunk
from proxy.head import RequestHead
from proxy.pipeline import continue_trace, judge, request_id, to_upstream
from proxy.prepared import INTERIM_S, Prepared
from proxy.record import Account
from proxy.refusal import Answer, answer_of, rate_limit_fields
from proxy.response import ResponseHead, to_client
from proxy.signals import MOST_BODY_BYTES
from proxy.timers import NEVER
from proxy.upstream import Pool, UpstreamConnection

if TYPE_CHECKING:
    from proxy.native import ClientConnection

logger = logging.getLogger("tidegate.proxy")

MOST_SKIPPED_BYTES = 65_536  # of a refused request's body, to keep the connection
MOST_PENDING_BYTES = 65_536  # of a body that waits for a connection
SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
REUSED, EARLY = int(Flag.UPSTREAM_REUSED), int(Flag.EARLY_RESPONSE)


NOTHING_DECIDED = Verdicts(Reason.NONE, 0, "", (), ())  # what a Python handler answers


class Phase(enum.Enum):
    """What an exchange waits for; each has a deadline."""

    HEAD = "head"
    CONNECT = "connect"
    BODY = "body"
    FIRST_BYTE = "first byte"
    RESPONSE = "response"
    DELIVERY = "delivery"  # the client has to read what is buffered


class Answering(Protocol):
    """Who answers an exchange: an upstream connection, or a handler behind the gateway."""

    write_paused: bool

    def send(self, piece: bytes) -> None:
        """More of the request's body."""

    def set_reading(self, is_reading: bool) -> None:
        """Stop or go on producing the response."""

    def abandon(self) -> None:
        """Nobody waits for the response any more."""


class Exchange(Account):
    """A request in flight on the native transport."""

    __slots__ = (
        "body",
        "body_streamed",
        "client_body",
        "closing",
        "connection",
        "deadlines",
        "decoder",
        "interim_at",
        "most_body_bytes",
        "out",
        "over",
        "phase",
        "phase_at",
        "remaining",
        "request_done",
        "request_id",
        "response_begun",
        "sent",
        "skipped",
        "skipping",
        "total_at",
        "upstream",
    )

    def __init__(self, connection: "ClientConnection", prepared: Prepared) -> None:
        listener = connection.listener
        gateway = listener.gateway
        super().__init__(
            prepared,
            connection.origin.peer,
            seq=gateway.sink.next_seq(),
            started=gateway.clock(),
            begun=gateway.monotonic(),
        )
        self.connection = connection
        self.deadlines = prepared.deadlines
        self.over = self.request_done = self.response_begun = self.body_streamed = False
        self.closing = self.skipping = False
        self.phase = Phase.HEAD
        self.phase_at = self.total_at = self.interim_at = NEVER
        self.body = self.client_body = Body.NONE
        self.remaining = self.most_body_bytes = self.skipped = 0
        self.decoder: Chunked | None = None
        self.upstream: Answering | None = None
        self.request_id = b""
        self.sent = b""  # what the upstream got so far, or will get once it is connected
        self.out: list[bytes] = []
        listener.open_requests += 1

    # -- the request ----------------------------------------------------------------------

    def judge(self, head: RequestHead) -> bool:
        """Judge a whole head; says whether the request is allowed."""
        self.head = head
        connection = self.connection
        gateway = connection.listener.gateway
        judged = self.judged = judge(
            head, connection.origin, self.prepared, limiter=gateway.limiter, now=self.started
        )
        route = judged.route
        if route is not None:
            self.deadlines = route.deadlines
            self.most_body_bytes = route.plan.max_body_bytes
            if route.collects_body:
                self.collected = bytearray()
        else:
            self.most_body_bytes = self.prepared.snapshot.policy.max_body_bytes
        if head.chunked:
            self.body = Body.CHUNKED
            self.decoder = Chunked()
        elif head.content_length > 0:
            self.body = Body.LENGTH
            self.remaining = head.content_length
        else:
            self.request_done = True
        self.trace_id, trace = continue_trace(head.noted, gateway.random_bits(192))
        if judged.verdicts.reason:
            if route is not None or not self._is_answered(head):
                return False
            judged = self.judged = msgspec.structs.replace(judged, verdicts=NOTHING_DECIDED)
        decision_id = self.decision_id.encode()
        self.request_id = request_id(head.noted, connection.origin, decision_id)
        self.sent = to_upstream(head, judged, connection.origin, trace=trace, request_id=self.request_id)
        return True

    def _is_answered(self, head: RequestHead) -> bool:
        """Whether a Python handler takes what no route takes."""
        return self.connection.listener.gateway.answers(head.method, head.host, head.path)

    @property
    def decision_id(self) -> str:
        """The name by which this request finds its event."""
        return f"{self.connection.listener.decision_prefix}{self.seq:x}"

    def begin(self, rest: bytes) -> bytes:
        """Relay an allowed request whose body begins with `rest`; returns what followed it."""
        self.interim_at = self.begun + INTERIM_S
        self.total_at = self.begun + self.deadlines.total_s
        surplus = rest
        if not self.request_done:
            surplus = self.take_body(rest) if rest else b""
            if self.over:
                return b""
        judged = self.judged
        route = None if judged is None else judged.route
        if route is None:
            self.connection.fall_through(self)
        else:
            pool = route.pool
            if pool is None:
                pool = route.pool = self.connection.listener.pool(route.plan.upstream)
            upstream = pool.take()
            if upstream is None:
                self._dial(pool)
            else:
                self.connected(upstream)
        self.connection.watch(self.begun + self.deadlines.first_visit_s)
        return surplus

    def _dial(self, pool: Pool) -> None:
        self.phase = Phase.CONNECT
        self.phase_at = self.connection.wheel.soon + self.deadlines.connect_s
        self.connection.watch(self.phase_at)
        pool.dial(self, self.deadlines.connect_s)

    def connected(self, upstream: UpstreamConnection) -> None:
        """A connection is there: send what is known of the request."""
        self.upstream = upstream
        self.handed_at = self.connection.listener.gateway.monotonic()
        self.flags = self.flags | REUSED if upstream.reused else self.flags & ~REUSED
        upstream.begin(self, self.sent)
        self.wait()
        self.connection.resume()

    def wait(self) -> None:
        """Wait for the rest of the body, or for the response."""
        soon = self.connection.wheel.soon
        if self.request_done:
            self.phase = Phase.FIRST_BYTE
            self.phase_at = soon + self.deadlines.first_byte_s
        else:
            self.phase = Phase.BODY
            self.phase_at = soon + self.deadlines.body_idle_s

    def take_body(self, data: bytes) -> bytes:
        """Relay a piece of the request's body; returns what followed the body."""
        surplus = b""
        if self.decoder is None:
            if len(data) > self.remaining:
                data, surplus = data[: self.remaining], data[self.remaining :]
            self.remaining -= len(data)
            done = not self.remaining
            self._note(data)
        else:
            pieces: list[bytes] = []
            try:
                self.decoder.feed(data, pieces)
            except Malformed as wrong:
                self.bytes_in += sum(map(len, pieces))
                self.reject(400, str(wrong))
                return b""
            for piece in pieces:
                self._note(piece)
            done = self.decoder.done
            surplus = self.decoder.rest
            data = b"".join(map(to_chunk, pieces)) + (LAST_CHUNK if done else b"")
        if self.bytes_in > self.most_body_bytes:
            self.reason = str(Reason.BODY_TOO_LARGE)
            self.fail(Outcome.BODY_TOO_LARGE, 413)
            return b""
        if done:
            self.request_done = True
            self.body_at = self.connection.listener.gateway.monotonic()
        self._send(data)
        return surplus

    def _note(self, piece: bytes) -> None:
        self.bytes_in += len(piece)
        collected = self.collected
        if collected is not None and len(collected) < MOST_BODY_BYTES:
            collected += piece[: MOST_BODY_BYTES - len(collected)]

    def _send(self, data: bytes) -> None:
        upstream = self.upstream
        if upstream is None:
            self.sent += data
            if len(self.sent) > MOST_PENDING_BYTES and self.phase is Phase.CONNECT:
                self.connection.pause()
            return
        self.body_streamed = True
        upstream.send(data)
        if self.phase is Phase.BODY:
            self.wait()

    # -- the response ---------------------------------------------------------------------

    def interim(self, status: int, lines: list[bytes]) -> None:
        """Forward 100 and 103 to a client that knows them."""
        if self.head is not None and self.head.version == "1.1":
            self.connection.transport.write(b"".join(lines))

    def begin_response(self, head: ResponseHead) -> Body:
        """Begin to answer with the upstream's final response; returns how its body ends."""
        request, judged, connection = self.head, self.judged, self.connection
        assert request is not None
        assert judged is not None
        self.first_byte_at = connection.listener.gateway.monotonic()
        self.status = head.status
        self.response_begun = True
        body = self.client_body = response_body(request.method, head.status, head.length, head.chunked)
        self.closing = not (request.keep_alive and self.request_done) or connection.is_ending
        if body is Body.CHUNKED or body is Body.CLOSE:
            self.client_body = Body.CHUNKED if request.version == "1.1" else Body.CLOSE
            self.closing = self.closing or request.version == "1.0"
        fields = b"x-request-id: %b\r\n" % self.request_id
        if judged.verdicts.limits:
            fields += rate_limit_fields(judged.verdicts.limits, self.prepared)
        self.out = to_client(head, self.client_body, request.version, closing=self.closing, fields=fields)
        self.phase = Phase.RESPONSE
        self.phase_at = connection.wheel.soon + self.deadlines.idle_s
        return body

    def deliver(self, piece: bytes) -> None:
        """A piece of the response's body."""
        self.bytes_out += len(piece)
        if self.client_body is Body.CHUNKED:
            self.out += (b"%x\r\n" % len(piece), piece, b"\r\n")
        else:
            self.out.append(piece)

    def flush(self) -> None:
        """Write what was delivered."""
        out = self.out
        if out:
            self.out = []
            self.phase_at = self.connection.wheel.soon + self.deadlines.idle_s
            self.connection.transport.write(out[0] if len(out) == 1 else b"".join(out))

    def response_complete(self, upstream: UpstreamConnection, *, reusable: bool) -> None:
        """The response was read to its end: hand back the upstream and end the exchange."""
        self.upstream_end_at = self.connection.listener.gateway.monotonic()
        self.upstream = None
        if self.client_body is Body.CHUNKED:
            self.out.append(LAST_CHUNK)
        self.flush()
        if reusable and self.request_done:
            upstream.pool.release(upstream)
        else:
            upstream.abandon()
        if not self.request_done:
            self.flags |= EARLY
        if self.connection.write_paused:
            self.phase = Phase.DELIVERY
        else:
            self.complete()

    def complete(self) -> None:
        """Everything was delivered."""
        self.finish(Outcome.COMPLETED)
        self.connection.go_on(closing=self.closing, lingering=not self.request_done)

    def answer_begun(self, status: int) -> None:
        """A handler behind the gateway has begun to answer."""
        self.status = status
        self.response_begun = True
        self.first_byte_at = self.connection.listener.gateway.monotonic()
        self.phase = Phase.RESPONSE
        self.phase_at = self.connection.wheel.soon + self.deadlines.idle_s

    def answered(self, *, keep_alive: bool) -> None:
        """A handler behind the gateway has answered."""
        self.finish(Outcome.ANSWERED)
        closing = not (keep_alive and self.request_done) or self.connection.is_ending
        self.connection.go_on(closing=closing, lingering=not self.request_done)

    # -- endings --------------------------------------------------------------------------

    def finish(self, outcome: Outcome) -> None:
        """Offer the one final event. Nothing else ends an exchange."""
        if self.over:
            return
        self.over = True
        listener = self.connection.listener
        listener.open_requests -= 1
        self.connection.exchange = None
        gateway = listener.gateway
        gateway.sink.offer(
            listener.recorder.to_row(self, outcome.value, ended=gateway.clock(), now=gateway.monotonic())
        )

    def answer(self, answer: Answer, outcome: Outcome) -> None:
        """Answer by ourselves, and end."""
        head, connection = self.head, self.connection
        may_go_on = head is not None and head.keep_alive and (self.request_done or self.skipping)
        self.closing = not may_go_on or connection.is_ending
        written, self.bytes_out = connection.listener.refusals.to_bytes(
            answer,
            self.decision_id,
            self.trace_id,
            now=self.started,
            closing=self.closing,
            body=head is None or head.method != "HEAD",
        )
        self.status = answer.status
        self.response_begun = True
        connection.transport.write(written)
        self.finish(outcome)
        if self.skipping and not self.closing:
            connection.skip(self)
        else:
            connection.go_on(closing=self.closing, lingering=not self.request_done)

    def refuse(self, rest: bytes) -> bytes:
        """Answer a refused request and skip its body; returns what followed."""
        judged = self.judged
        assert judged is not None
        surplus = rest if self.request_done else self.skip(rest)
        self.skipping = not self.request_done and self.is_skippable
        reason = judged.verdicts.reason
        outcome = Outcome.REFUSED
        if reason in (Reason.NO_ROUTE, Reason.WRONG_METHOD):
            outcome = Outcome.NO_ROUTE
        elif reason == Reason.BODY_TOO_LARGE:
            outcome = Outcome.BODY_TOO_LARGE
        self.answer(answer_of(judged, self.prepared), outcome)
        return surplus

    def skip(self, data: bytes) -> bytes:
        """Read past a body that nobody wants; returns what followed it."""
        self.skipped += len(data)
        if self.decoder is None:
            size = min(len(data), self.remaining)
            self.remaining -= size
            self.request_done = not self.remaining
            return data[size:]
        try:
            self.decoder.feed(data, [])
        except Malformed:
            self.skipped = MOST_SKIPPED_BYTES + 1
            return b""
        self.request_done = self.decoder.done
        return self.decoder.rest

    @property
    def is_skippable(self) -> bool:
        """Whether reading past the body costs less than a new connection would."""
        head = self.head
        return (
            head is not None
            and not head.expects_continue
            and self.skipped <= MOST_SKIPPED_BYTES
            and self.remaining <= MOST_SKIPPED_BYTES
        )

    def reject(self, status: int, why: str) -> None:
        """Refuse what is malformed, ambiguous or over a cap."""
        self.reason = "bad-request"
        if self.upstream is not None:
            self.upstream.abandon()
            self.upstream = None
        if self.response_begun:
            self.finish(Outcome.BAD_REQUEST)
            self.connection.cut()
            return
        self.answer(Answer(status=status, reason=self.reason, detail=why), Outcome.BAD_REQUEST)

    def fail(self, outcome: Outcome, status: int) -> None:
        """End for a reason that is not the request's head: by an answer, or by closing."""
        if self.over:
            return
        if self.upstream is not None:
            self.upstream.abandon()
            self.upstream = None
        if not self.response_begun:
            self.answer(Answer(status=status, reason=outcome.value.replace("_", "-")), outcome)
            return
        self.flush()
        self.finish(outcome)
        self.connection.cut()

    def connect_failed(self, timed_out: bool) -> None:
        """No connection to the upstream."""
        if timed_out:
            self.fail(Outcome.CONNECT_TIMEOUT, 504)
        else:
            self.fail(Outcome.CONNECT_FAILED, 502)

    def upstream_lost(self, upstream: UpstreamConnection, exc: Exception | None) -> None:
        """The upstream closed before its response was whole."""
        self.upstream = None
        if self.response_begun:
            if upstream.body is Body.CLOSE and exc is None:
                self.response_complete(upstream, reusable=False)
            else:
                self.fail(Outcome.UPSTREAM_TRUNCATED, 502)
        elif self._may_repeat(upstream):
            self.retries += 1
            self._dial(upstream.pool)
        else:
            self.fail(Outcome.UPSTREAM_RESET, 502)

    def _may_repeat(self, upstream: UpstreamConnection) -> bool:
        """Once, on a connection that had gone stale, where nothing can happen twice."""
        if self.retries or upstream.heard or not upstream.reused or self.body_streamed:
            return False
        head = self.head
        unsent_body = self.body is not Body.NONE and not self.bytes_in and not self.request_done
        return head is not None and (head.method in SAFE_TO_REPEAT or unsent_body)

    def upstream_malformed(self, why: str) -> None:
        """A response that no client may see."""
        self.fail(Outcome.UPSTREAM_MALFORMED, 502)

    def upstream_paused(self, is_paused: bool) -> None:
        """The upstream reads slowly, or again."""
        if is_paused:
            self.connection.pause()
        else:
            self.connection.resume()

    def client_gone(self) -> None:
        """The client hung up."""
        if self.upstream is not None:
            self.upstream.abandon()
            self.upstream = None
        if self.response_begun:
            self.finish(Outcome.CLIENT_GONE_RESPONSE)
        elif self.head is None:
            self.finish(Outcome.CLIENT_GONE_HEAD)
        else:
            self.finish(Outcome.CLIENT_GONE_WAITING if self.request_done else Outcome.CLIENT_GONE_BODY)

    def crash(self, bug: Exception) -> None:
        """A bug of ours: 500 where nothing was answered yet; the worker goes on."""
        logger.error("the gateway failed a request", exc_info=bug)
        self.connection.listener.crashes += 1
        self.closing = True
        self.request_done = False
        self.fail(Outcome.CRASHED, 500)

    def drain(self) -> None:
        """The drain's deadline has passed."""
        if self.upstream is not None:
            self.upstream.abandon()
            self.upstream = None
        self.finish(Outcome.DRAINED)

    # -- deadlines ------------------------------------------------------------------------

    def visit(self, now: float) -> float:
        """Act on deadlines that passed; returns the next one."""
        if now >= self.total_at:
            self.fail(Outcome.TOTAL_TIMEOUT, 504)
        elif now >= self.phase_at:
            self._expire()
        elif now >= self.interim_at:
            self.interim_at = now + INTERIM_S
            listener = self.connection.listener
            listener.gateway.sink.offer(
                listener.recorder.to_row(self, "", ended=listener.gateway.clock(), now=now, interim=1)
            )
        return min(self.phase_at, self.total_at, self.interim_at)

    def _expire(self) -> None:
        """The deadline of the phase has passed."""
        phase = self.phase
        if phase is Phase.CONNECT:
            self.fail(Outcome.CONNECT_TIMEOUT, 504)
        elif phase is Phase.BODY and not self.connection.paused:
            self.fail(Outcome.BODY_TIMEOUT, 408)
        elif phase is Phase.BODY or phase is Phase.FIRST_BYTE:
            self.fail(Outcome.FIRST_BYTE_TIMEOUT, 504)
        elif phase is Phase.RESPONSE and not self.connection.write_paused:
            self.fail(Outcome.RESPONSE_TIMEOUT, 504)
        else:
            self.client_gone()
            self.connection.cut()
