"""What the native transport needs of the gateway around it, and what it offers in return.

The gateway owns the snapshot, the limiter's state and the sink; the transport owns connections,
pools and timers. Both sides are told here, so that each can be tested with a fake of the other.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from kernel.decide import LimiterState
from kernel.events import EventRow
from kernel.snapshot import Snapshot


class SnapshotHolder(Protocol):
    """Holds the current snapshot; a reload replaces it in one assignment."""

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that new requests are judged by."""


class Sink(Protocol):
    """Where events go. Neither call blocks or raises."""

    @property
    def worker(self) -> str:
        """This worker's name."""

    @property
    def boot(self) -> int:
        """Start of this process in microseconds since 1970."""

    def next_seq(self) -> int:
        """The next request's number within (worker, boot), from 1."""

    def offer(self, row: EventRow) -> None:
        """Take one event in the order of kernel.events.COLUMNS."""


class Gateway(Protocol):
    """The part of the gateway that the hot path reads. All of it lives in one event loop."""

    @property
    def holder(self) -> SnapshotHolder:
        """The snapshot holder."""

    @property
    def limiter(self) -> LimiterState:
        """State of the limits; survives reloads."""

    @property
    def sink(self) -> Sink:
        """The event sink."""

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds since 1970: limits, expiries, event times."""

    @property
    def monotonic(self) -> Callable[[], float]:
        """Seconds of a clock that never steps: durations and deadlines."""

    @property
    def random_bits(self) -> Callable[[int], int]:
        """`random.getrandbits`: trace and span ids."""

    @property
    def draining(self) -> bool:
        """Whether the process is about to end: responses then say `Connection: close`."""

    def answers(self, method: str, host: str, path: str) -> bool:
        """Whether a Python handler that the operator added takes what no gateway route takes.

        Such a request falls through to the ASGI app that uvicorn serves on this listener.
        """


class Transport(Protocol):
    """What proxy.native.Listener offers to the gateway around it.

    `protocol` is uvicorn's `http=`; create the listener inside the running loop, call `start()`
    before serving, `cut()` when the drain's deadline has passed (each open request ends as
    `drained`), then `close()`.
    """

    @property
    def protocol(self) -> type[asyncio.Protocol]:
        """uvicorn's `http=`, which it calls once per connection."""

    @property
    def open_requests(self) -> int:
        """Requests whose first byte has come and whose event has not been offered."""

    @property
    def open_connections(self) -> int:
        """Client connections."""

    def top_addresses(self, most: int) -> tuple[str, ...]:
        """`ADDRESS CONNECTIONS UNFINISHED` of the addresses with most open connections."""

    def start(self) -> None:
        """Start the timers."""

    def cut(self) -> None:
        """End every open request as drained and close every connection."""

    def close(self) -> None:
        """Stop the timers and close the idle upstream connections."""
