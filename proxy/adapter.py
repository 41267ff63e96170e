"""The ASGI adapter: the same pipeline and exchanges behind any ASGI server, which owns the wire."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast

from kernel.addresses import UNKNOWN, parse_address
from kernel.events import Flag
from kernel.snapshot import UpstreamPlan
from proxy.connection import ClientConnection
from proxy.contract import Gateway
from proxy.conversation import MOST_REMEMBERED_BYTES, AsgiExchange, Conversation, Message, Receive, Send
from proxy.head import BadRequest, Hosts, RequestHead
from proxy.pipeline import Origin
from proxy.prepared import Memo, Prepared
from proxy.record import Recorder
from proxy.refusal import Refusals
from proxy.scope import plain_scope, read_scope
from proxy.timers import Wheel
from proxy.upstream import Pool, Upstreams

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HANG_UP_WATCH_S = 1.0  # a request that takes longer has its client watched: a task, so not for each
ADAPTER = int(Flag.ADAPTER)


class Adapter:
    """The ASGI app over a gateway; to it `app` is what answers where no route takes a request."""

    def __init__(self, gateway: Gateway, app: App | None = None) -> None:
        self.gateway = gateway
        self.app = app
        self.wheel = Wheel(gateway.monotonic)
        self.upstreams = Upstreams(self.wheel)
        self.recorder = Recorder(gateway.sink.worker, gateway.sink.boot)
        self.refusals = Refusals()
        self.hosts = Hosts()
        self.origins: Memo[tuple[str, str], Origin] = Memo()
        self.blocks: Memo[bytes, list[tuple[bytes, bytes]]] = Memo()  # of response fields: 2 us less each
        self.conversations: set[Conversation] = set()
        self.open_requests = 0
        self.open_connections = self.connections_refused = 0  # not seen here
        self.crashes = 0
        self.decision_prefix = f"{gateway.sink.worker}-{gateway.sink.boot:x}-"
        self._prepared: Prepared | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        conversation = Conversation(self, self.origin_of(scope), receive)
        exchange = AsgiExchange(cast(ClientConnection, conversation), self.current())
        exchange.flags = ADAPTER
        exchange.head_at = exchange.begun
        conversation.exchange = exchange
        self.conversations.add(conversation)
        try:
            self.begin(conversation, exchange, scope)
            if conversation.falls:
                await self.fall_through(conversation, scope, send)
            else:
                await deliver_within_reach(conversation, send)
        except asyncio.CancelledError:
            exchange.drain()
            raise
        except OSError:
            exchange.client_gone()
        except Exception as bug:  # noqa: BLE001  # the server: counted, logged, told as `crashed`
            exchange.crash(bug)
            await conversation.deliver(send)
        finally:
            self.conversations.discard(conversation)
            conversation.close()

    def begin(self, conversation: Conversation, exchange: AsgiExchange, scope: Scope) -> None:
        """Judge a request and begin what was decided."""
        try:
            head = self.head_of(scope, conversation.origin, exchange.prepared)
        except BadRequest as wrong:
            exchange.reject(wrong.status, str(wrong))
            return
        if not exchange.judge(head):
            exchange.refuse(b"")
            return
        conversation.watch(self.wheel.soon + HANG_UP_WATCH_S)
        exchange.begin(b"")
        if not conversation.falls:
            conversation.read_body()

    def head_of(self, scope: Scope, origin: Origin, prepared: Prepared) -> RequestHead:
        """The head of a scope; an address that repeats itself is not read again (4 us). Raises BadRequest."""
        target, sent = scope.get("raw_path"), scope["headers"]
        told = (scope["http_version"], scope["method"], target, scope["query_string"], sent)
        last = origin.last
        if last is not None and last[0] == told and last[1] is prepared:
            return last[2]
        head = plain_scope(scope, prepared.fields, self.hosts)
        if head is None:
            return read_scope(scope, prepared.codes, self.hosts)
        kept = (head.path, head.query, head.names, *head.lines, *head.noted.values())
        if sum(map(len, kept)) <= MOST_REMEMBERED_BYTES:
            # A copy: whoever answers behind the gateway may change the scope's list.
            origin.last = ((*told[:4], list(sent)), prepared, head)
        return head

    async def fall_through(self, conversation: Conversation, scope: Scope, send: Send) -> None:
        """Let a Python handler answer, and tell of it."""
        exchange, app = conversation.exchange, self.app
        assert exchange is not None
        assert app is not None

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.answer_begun(message["status"])
            else:
                exchange.bytes_out += len(message.get("body", b""))
            await send(message)

        await app(scope, conversation.receive, watched)
        exchange.answered(keep_alive=True)

    def origin_of(self, scope: Scope) -> Origin:
        """Who calls, as the server tells it; remembered, because no connection is seen."""
        client = scope.get("client")
        known = (client[0] if client else "", scope.get("scheme", "http"))
        found = self.origins.get(known)
        if found is not None:
            return found
        scheme = b"https" if known[1] == "https" else b"http"
        return self.origins.keep(known, Origin(parse_address(known[0]) or UNKNOWN, scheme))

    def current(self) -> Prepared:
        """The current snapshot, prepared."""
        snapshot = self.gateway.holder.snapshot
        prepared = self._prepared
        if prepared is None or prepared.snapshot is not snapshot:
            prepared = self._prepared = Prepared(snapshot)
        return prepared

    def pool(self, plan: UpstreamPlan) -> Pool:
        """The pool of an upstream."""
        return self.upstreams.pool(plan.host, plan.port, plan.max_connections)

    def top_addresses(self, most: int) -> tuple[str, ...]:
        """Connections are not seen here."""
        return ()

    def start(self) -> None:
        """Start the timers."""
        self.wheel.start(asyncio.get_running_loop())

    def cut(self) -> None:
        """End every open request as drained."""
        for conversation in list(self.conversations):
            if conversation.exchange is not None:
                conversation.exchange.drain()
            conversation.cut()

    def close(self) -> None:
        """Stop the timers and close the idle upstream connections."""
        self.wheel.stop()
        self.upstreams.close()


async def deliver_within_reach(conversation: Conversation, send: Send) -> None:
    """Deliver, unless the exchange cuts it: then its own cancellation ends here."""
    conversation.task = task = asyncio.current_task()
    try:
        await conversation.deliver(send)
    except asyncio.CancelledError:
        if not conversation.broken or task is None or task.uncancel() > 0:
            raise
    finally:
        conversation.task = None
