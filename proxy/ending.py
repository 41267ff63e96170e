"""How an exchange ends: by delivery, by an answer of our own, or by closing; with one final event.

Every way in which a request can end passes through `finish`, which offers exactly one event.
After the response began an error closes the connection: nothing is faked behind a status line.
"""

import enum
import logging
from typing import TYPE_CHECKING, Protocol

from kernel.decide import UNROUTED, Reason
from kernel.events import Outcome
from proxy.framing import Body, Chunked, Malformed
from proxy.prepared import INTERIM_S, Prepared
from proxy.record import Account
from proxy.refusal import Answer, answer_of, failure_of
from proxy.timers import NEVER

if TYPE_CHECKING:
    from proxy.connection import ClientConnection

logger = logging.getLogger("tidegate.proxy")

MOST_SKIPPED_BYTES = 65_536  # of a refused request's body, to keep the connection


class Phase(enum.Enum):
    """What an exchange waits for; each has a deadline."""

    HEAD = "head"
    CONNECT = "connect"
    BODY = "body"
    FIRST_BYTE = "first byte"
    RESPONSE = "response"
    DELIVERY = "delivery"  # the client has to read what is buffered


# A member looked up in its class costs 30 ns; these stand on the hot path.
HEAD, CONNECT, BODY, FIRST_BYTE, RESPONSE, DELIVERY = Phase
NO_BODY = Body.NONE


class Answering(Protocol):
    """Who answers an exchange: an upstream connection, or a handler behind the gateway."""

    write_paused: bool

    def send(self, piece: bytes) -> None:
        """More of the request's body."""

    def set_reading(self, is_reading: bool) -> None:
        """Stop or go on producing the response."""

    def abandon(self) -> None:
        """Nobody waits for the response any more."""


class Ending(Account):
    """The state of a request in flight, and its ends."""

    __slots__ = (
        "body",
        "body_due",
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
        Account.__init__(  # super() costs 80 ns more
            self,
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
        self.phase = HEAD
        self.phase_at = self.total_at = self.interim_at = self.body_due = NEVER
        self.body = self.client_body = NO_BODY
        self.remaining = self.most_body_bytes = self.skipped = 0
        self.decoder: Chunked | None = None
        self.upstream: Answering | None = None
        self.request_id = b""
        self.sent = b""  # what the upstream got so far, or will get once it is connected
        self.out: list[bytes] = []
        listener.open_requests += 1

    @property
    def decision_id(self) -> str:
        """The name by which this request finds its event."""
        return f"{self.connection.listener.decision_prefix}{self.seq:x}"

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
            listener.recorder.to_row(self, outcome._value_, ended=gateway.clock(), now=gateway.monotonic())
        )

    def flush(self) -> None:
        """Write what was delivered."""
        out = self.out
        if out:
            self.out = []
            self.phase_at = self.connection.wheel.soon + self.deadlines.idle_s
            self.connection.transport.write(out[0] if len(out) == 1 else b"".join(out))

    def answer(self, answer: Answer, outcome: Outcome) -> None:
        """Answer by ourselves, and end."""
        head, connection = self.head, self.connection
        may_go_on = head is not None and head.keep_alive and (self.request_done or self.skipping)
        self.closing = not may_go_on or connection.is_ending
        written, self.bytes_out = connection.listener.refusals.to_bytes(
            answer,
            (self.decision_id, self.trace_id),
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
        if reason in UNROUTED:
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
            self.answer(failure_of(outcome, status, self.judged, self.prepared), outcome)
            return
        self.flush()
        self.finish(outcome)
        self.connection.cut()

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
        if phase is CONNECT:
            self.fail(Outcome.CONNECT_TIMEOUT, 504)
        elif phase is BODY and not self.connection.paused:
            self.fail(Outcome.BODY_TIMEOUT, 408)
        elif phase is BODY or phase is FIRST_BYTE:
            self.fail(Outcome.FIRST_BYTE_TIMEOUT, 504)
        elif phase is RESPONSE and not self.connection.write_paused:
            self.fail(Outcome.RESPONSE_TIMEOUT, 504)
        else:
            self.client_gone()
            self.connection.cut()
