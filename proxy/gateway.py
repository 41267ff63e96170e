"""The gateway of one worker: the owners of mutable state that a request reads and charges.

The snapshot holder, the limiter's registry and the event sink are here; the fourth owner, the
pool of upstream connections, is the transport's. All of it lives in one event loop.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from proxy.holder import SnapshotHolder
from proxy.limiter import Limiter
from proxy.sink import Sink
from proxy.upstream import Upstreams


class Nature(NamedTuple):
    """What a process takes from outside: two clocks in seconds, and random bits for trace ids."""

    clock: Callable[[], float]  # since 1970: limits, expiries, event times
    monotonic: Callable[[], float]  # never steps: durations and deadlines
    random_bits: Callable[[int], int]


Answers = Callable[[str, str, str], bool]  # (method, host, path) -> a Python handler takes it


def nobody_answers(method: str, host: str, path: str) -> bool:
    """A gateway without Python handlers."""
    return False


class Traffic(Protocol):
    """What a transport tells of the traffic that it carries: the native one, or the ASGI adapter."""

    @property
    def upstreams(self) -> Upstreams:
        """Connections to upstreams: the fourth owner of mutable state."""

    @property
    def open_requests(self) -> int:
        """Requests that have begun and not ended."""

    @property
    def open_connections(self) -> int:
        """Client connections."""

    @property
    def connections_refused(self) -> int:
        """Connections closed at once, because their address had too many."""

    @property
    def crashes(self) -> int:
        """Bugs that a request met."""

    def top_addresses(self, most: int) -> tuple[str, ...]:
        """`ADDRESS CONNECTIONS UNFINISHED` of the addresses with most open connections."""

    def cut(self) -> None:
        """End every open request as drained."""


class Gateway:
    """What proxy.contract.Gateway asks for. `transport` is there once it serves."""

    __slots__ = (
        "answers",
        "clock",
        "draining",
        "holder",
        "limiter",
        "monotonic",
        "random_bits",
        "sink",
        "transport",
    )

    def __init__(
        self, holder: SnapshotHolder, sink: Sink, *, nature: Nature, answers: Answers = nobody_answers
    ) -> None:
        self.holder = holder
        self.sink = sink
        self.limiter = Limiter()
        self.clock, self.monotonic, self.random_bits = nature
        self.answers = answers
        self.draining = False
        self.transport: Traffic | None = None

    @property
    def is_ready(self) -> bool:
        """Whether new connections are welcome."""
        return self.transport is not None and not self.draining
