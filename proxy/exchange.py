"""One exchange: a request that was judged, its upstream, and the response that is relayed.

How it can end stands in `proxy.ending`.
"""

import msgspec

from kernel.decide import UNROUTED, Reason
from kernel.events import Flag, Outcome
from kernel.policy import METHODS
from proxy import headers
from proxy.ending import BODY, CONNECT, DELIVERY, FIRST_BYTE, RESPONSE, Ending
from proxy.framing import LAST_CHUNK, Body, Chunked, Malformed, response_body, to_chunk
from proxy.head import RequestHead
from proxy.pipeline import continue_trace, judge, request_id, to_upstream
from proxy.prepared import INTERIM_S
from proxy.refusal import Answer, rate_limit_fields
from proxy.response import ResponseHead, to_client
from proxy.signals import MOST_BODY_BYTES
from proxy.timers import NEVER
from proxy.upstream import Pool, UpstreamConnection

MOST_PENDING_BYTES = 65_536  # of a body that waits for a connection
# Apache mod_reqtimeout's defaults (body=20,MinRate=500): against writers that are never idle, only slow.
BODY_GRACE_S = 20.0
LEAST_BODY_BYTES_PER_S = 500
SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
REUSED, EARLY = int(Flag.UPSTREAM_REUSED), int(Flag.EARLY_RESPONSE)
CHUNKED, LENGTH, CLOSE = Body.CHUNKED, Body.LENGTH, Body.CLOSE
TRACE_BITS = 192  # a trace id and a span id


class Exchange(Ending):
    """A request in flight on the native transport."""

    __slots__ = ()

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
            self.body = CHUNKED
            self.decoder = Chunked()
        elif head.content_length > 0:
            self.body = LENGTH
            self.remaining = head.content_length
        else:
            self.request_done = True
        self.trace_id, trace = continue_trace(head.noted, gateway.random_bits(TRACE_BITS))
        if judged.verdicts.reason:
            if judged.verdicts.reason not in UNROUTED or not self._is_answered(head):
                return False
            allowed = msgspec.structs.replace(judged.verdicts, reason=Reason.NONE, status=0)
            judged = self.judged = msgspec.structs.replace(judged, verdicts=allowed)
        decision_id = self.decision_id.encode()
        self.request_id = request_id(head.noted, connection.origin, decision_id)
        self.sent = to_upstream(head, judged, connection.origin, trace=trace, request_id=self.request_id)
        return True

    def _is_answered(self, head: RequestHead) -> bool:
        """Whether a Python handler takes what no route takes."""
        return self.connection.listener.gateway.answers(head.method, head.host, head.path)

    def begin(self, rest: bytes) -> bytes:
        """Relay an allowed request whose body begins with `rest`; returns what followed it."""
        head = self.head
        if head is not None and head.method == "OPTIONS" and head.noted.get(headers.MAX_FORWARDS) == b"0":
            return self._answer_options(rest)
        self.interim_at = self.begun + INTERIM_S
        self.total_at = self.begun + self.deadlines.total_s
        surplus = rest
        if not self.request_done:
            self.grant()
            surplus = self.take_body(rest) if rest else b""
            if self.over:
                return b""
        judged = self.judged
        route = None if judged is None else judged.route
        # The upstream's time begins: waiting for one of its connections, connecting, trying again.
        self.handed_at = self.connection.listener.gateway.monotonic()
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

    def _answer_options(self, rest: bytes) -> bytes:
        """Answer as the last hop that Max-Forwards lets see it (RFC 9110 section 7.6.2)."""
        surplus = rest if self.request_done else self.skip(rest)
        self.skipping = not self.request_done and self.is_skippable
        allow = b"allow: %b\r\n" % ", ".join(METHODS).encode()
        self.answer(Answer(status=200, reason="", fields=allow), Outcome.ANSWERED)
        return surplus

    def _dial(self, pool: Pool) -> None:
        self.phase = CONNECT
        self.phase_at = self.connection.wheel.soon + self.deadlines.connect_s
        self.connection.watch(self.phase_at)
        pool.dial(self, self.deadlines.connect_s)

    def connected(self, upstream: UpstreamConnection) -> None:
        """A connection is there: send what is known of the request."""
        self.upstream = upstream
        self.flags = self.flags | REUSED if upstream.reused else self.flags & ~REUSED
        self.grant()
        upstream.begin(self, self.sent)
        self.wait()
        self.connection.resume()

    def grant(self) -> None:
        """Count the body's rate from now: for what came before, the client is not to blame."""
        self.body_due = self.connection.wheel.soon + BODY_GRACE_S

    def wait(self) -> None:
        """Wait for the rest of the body, or for the response."""
        soon = self.connection.wheel.soon
        if self.request_done:
            self.phase = FIRST_BYTE
            self.phase_at = soon + self.deadlines.first_byte_s
        else:
            self.phase = BODY
            self.phase_at = min(soon + self.deadlines.body_idle_s, self.body_due)

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
        self.body_due += len(piece) / LEAST_BODY_BYTES_PER_S
        collected = self.collected
        if collected is not None and len(collected) < MOST_BODY_BYTES:
            collected += piece[: MOST_BODY_BYTES - len(collected)]

    def _send(self, data: bytes) -> None:
        upstream = self.upstream
        if upstream is None:
            self.sent += data
            if len(self.sent) > MOST_PENDING_BYTES and self.phase is CONNECT:
                self.connection.pause()
            return
        self.body_streamed = True
        upstream.send(data)
        if self.phase is BODY:
            self.wait()

    def interim(self, status: int, lines: list[bytes]) -> None:
        """Forward 100 and 103 to a client that knows them."""
        if self.head is not None and self.head.version == "1.1":
            self.connection.transport.write(b"".join(lines))

    def begin_response(self, head: ResponseHead) -> Body:
        """Begin to answer with the upstream's final response; returns how its body ends."""
        request, judged, connection = self.head, self.judged, self.connection
        assert request is not None
        assert judged is not None
        gateway = connection.listener.gateway
        self.first_byte_at = gateway.monotonic()
        self.status = head.status
        self.response_begun = True
        body = self.client_body = response_body(request.method, head.status, head.length, head.chunked)
        self.closing = (
            not (request.keep_alive and self.request_done) or connection.shutting or gateway.draining
        )
        if body is CHUNKED or body is CLOSE:
            self.client_body = CHUNKED if request.version == "1.1" else CLOSE
            self.closing = self.closing or request.version == "1.0"
        fields = b"x-request-id: %b\r\n" % self.request_id
        if judged.verdicts.limits:
            fields += rate_limit_fields(judged.verdicts.limits, self.prepared)
        self.out = to_client(head, self.client_body, request.version, closing=self.closing, fields=fields)
        self.phase = RESPONSE
        self.phase_at = connection.wheel.soon + self.deadlines.idle_s
        return body

    def deliver(self, piece: bytes) -> None:
        """A piece of the response's body."""
        self.bytes_out += len(piece)
        if self.client_body is CHUNKED:
            self.out += (b"%x\r\n" % len(piece), piece, b"\r\n")
        else:
            self.out.append(piece)

    def response_complete(self, upstream: UpstreamConnection, *, reusable: bool) -> None:
        """The response was read to its end: hand back the upstream and end the exchange."""
        self.upstream_end_at = self.connection.listener.gateway.monotonic()
        self.upstream = None
        if self.client_body is CHUNKED:
            self.out.append(LAST_CHUNK)
        self.flush()
        if reusable and self.request_done:
            upstream.pool.release(upstream)
        else:
            upstream.abandon()
        if not self.request_done:
            self.flags |= EARLY
        if self.connection.write_paused:
            self.phase = DELIVERY
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
        self.phase = RESPONSE
        self.phase_at = self.connection.wheel.soon + self.deadlines.idle_s

    def answered(self, *, keep_alive: bool) -> None:
        """A handler behind the gateway has answered."""
        self.finish(Outcome.ANSWERED)
        closing = not (keep_alive and self.request_done) or self.connection.is_ending
        self.connection.go_on(closing=closing, lingering=not self.request_done)

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
            if upstream.body is CLOSE and exc is None:
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
        """Who answers reads the body slowly, or again."""
        if is_paused:
            self.body_due = NEVER
            self.connection.pause()
        else:
            self.grant()
            self.connection.resume()
        if self.phase is BODY:
            self.wait()
