"""The native transport: a protocol class that uvicorn serves as `http=` on the gateway's listener.

Gateway traffic is judged and relayed without ASGI messages; what no route takes and a Python
handler does falls through to FastAPI on the same connection, request by request.
"""

import asyncio
from collections import Counter
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from kernel.snapshot import Snapshot, UpstreamPlan
from proxy.connection import ClientConnection
from proxy.contract import Gateway
from proxy.head import Hosts
from proxy.prepared import Prepared
from proxy.record import Recorder, shown_address
from proxy.refusal import Refusals
from proxy.timers import Wheel
from proxy.upstream import Pool, Upstreams


class Listener:
    """The native transport of one worker: connections, pools and timers. See contract.Transport."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.loop = asyncio.get_running_loop()
        self.wheel = Wheel(gateway.monotonic)
        self.upstreams = Upstreams(self.wheel)
        self.recorder = Recorder(gateway.sink.worker, gateway.sink.boot)
        self.refusals = Refusals()
        self.hosts = Hosts()
        self.connections: set[ClientConnection] = set()
        self.by_identity: Counter[str] = Counter()  # of the connections' peers; IPv6 by its /64
        self.connections_refused = 0
        self.open_requests = 0
        self.crashes = 0
        self.decision_prefix = f"{gateway.sink.worker}-{gateway.sink.boot:x}-"
        self._prepared: Prepared | None = None

    @property
    def protocol(self) -> type[asyncio.Protocol]:
        """uvicorn's `http=`: it calls this once per connection."""
        return self._connection  # type: ignore[return-value]  # uvicorn asks for a class and only calls it

    def _connection(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> ClientConnection:
        return ClientConnection(self, config, server_state, app_state)

    def current(self) -> Prepared:
        """The current snapshot, prepared."""
        snapshot: Snapshot = self.gateway.holder.snapshot
        prepared = self._prepared
        if prepared is None or prepared.snapshot is not snapshot:
            prepared = self._prepared = Prepared(snapshot)
        return prepared

    def pool(self, plan: UpstreamPlan) -> Pool:
        """The pool of an upstream."""
        return self.upstreams.pool(plan.host, plan.port, plan.max_connections)

    def admit(self, connection: ClientConnection) -> bool:
        """Count a connection in, unless its address has as many as the policy lets one have.

        A trusted proxy carries many clients: it is never refused.
        """
        origin, snapshot = connection.origin, self.gateway.holder.snapshot
        most = snapshot.policy.max_connections_per_address
        if most and self.by_identity[origin.identity] >= most and origin.peer not in snapshot.trusted:
            self.connections_refused += 1
            return False
        self.connections.add(connection)
        self.by_identity[origin.identity] += 1
        return True

    def leave(self, connection: ClientConnection) -> None:
        """Count a closed connection out; one that was not admitted was never in."""
        if connection in self.connections:
            self.connections.remove(connection)
            identity = connection.origin.identity
            self.by_identity[identity] -= 1
            if not self.by_identity[identity]:
                del self.by_identity[identity]

    @property
    def open_connections(self) -> int:
        """Client connections."""
        return len(self.connections)

    def top_addresses(self, most: int) -> tuple[str, ...]:
        """`ADDRESS CONNECTIONS UNFINISHED` of those with most open connections, as telemetry shows them."""
        connections: Counter[str] = Counter()
        unfinished: Counter[str] = Counter()
        snapshot = self.gateway.holder.snapshot
        for connection in self.connections:
            address = shown_address(connection.origin.peer, snapshot)
            connections[address] += 1
            exchange = connection.exchange
            if exchange is not None and not exchange.request_done:
                unfinished[address] += 1
        return tuple(
            f"{address} {count} {unfinished[address]}" for address, count in connections.most_common(most)
        )

    def start(self) -> None:
        """Start the timers."""
        self.wheel.start(self.loop)

    def cut(self) -> None:
        """End every open request as drained and close every connection."""
        for connection in list(self.connections):
            if connection.exchange is not None:
                connection.exchange.drain()
            connection.transport.abort()

    def close(self) -> None:
        """Stop the timers and close the idle upstream connections."""
        self.wheel.stop()
        self.upstreams.close()
