"""What no gateway route takes but a Python handler does: answered by FastAPI on the same connection.

The request was read, checked and framed by the native transport; uvicorn's own protocol is fed a
clean head and body, one instance per request, and writes through a transport that we watch.
"""

from typing import TYPE_CHECKING, Any, Protocol

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from kernel.events import Outcome

if TYPE_CHECKING:
    from proxy.exchange import Exchange


class Served(Protocol):
    """What uvicorn gives a protocol."""

    config: Config
    server_state: ServerState
    app_state: dict[str, Any]


class Handler(HttpToolsProtocol):
    """uvicorn's protocol for one request."""

    watcher: "Answerer"

    def on_response_complete(self) -> None:
        """The handler has answered: the connection is ours again."""
        self.server_state.total_requests += 1
        self.watcher.complete()


class Answerer:
    """Answers an exchange through uvicorn's protocol; is that protocol's transport as well."""

    write_paused = False

    def __init__(self, exchange: "Exchange", served: Served) -> None:
        self._exchange = exchange
        self._done = False
        self._closing = False
        self._handler = Handler(served.config, served.server_state, served.app_state)
        self._handler.watcher = self
        self._handler.connection_made(self)  # type: ignore[arg-type]  # a transport by what it does
        served.server_state.connections.discard(self._handler)

    # What the exchange asks for.

    def begin(self, request: bytes) -> None:
        """Hand over the head and what is here of the body."""
        head = self._exchange.head
        assert head is not None
        if head.version == "1.0":
            request = request.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)
        elif not head.keep_alive:
            request = request.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
        self.send(request)

    def send(self, piece: bytes) -> None:
        """More of the request's body."""
        if not self._done:
            self._handler.data_received(piece)

    def set_reading(self, is_reading: bool) -> None:
        """The client reads again, or slowly."""
        if is_reading:
            self._handler.resume_writing()
        else:
            self._handler.pause_writing()

    def abandon(self) -> None:
        """Tell the handler that nobody waits."""
        if not self._done:
            self._done = True
            self._handler.connection_lost(ConnectionResetError())

    def complete(self) -> None:
        """The response is whole."""
        if not self._done:
            self._done = True
            self._exchange.upstream = None
            self._exchange.answered(keep_alive=not self._closing)

    # What uvicorn asks of a transport.

    def write(self, data: bytes) -> None:
        """Pass on, noting status and size."""
        exchange = self._exchange
        if self._done or exchange.over:
            return
        if not exchange.response_begun and data.startswith(b"HTTP/1."):
            status = int(data[9:12])
            if status >= 200:
                exchange.answer_begun(status)
        else:
            exchange.bytes_out += len(data)
        exchange.connection.transport.write(data)

    def close(self) -> None:
        """The end of a response that says `close`, or of one that its handler left unfinished."""
        self._closing = True
        cycle = self._handler.cycle
        if not self._done and (cycle is None or not cycle.response_complete):
            self._exchange.fail(Outcome.CRASHED, 500)

    def is_closing(self) -> bool:
        """Whether writing is pointless."""
        return self._done or self._exchange.over

    def get_extra_info(self, name: str, default: object = None) -> object:
        """As the connection's transport."""
        return self._exchange.connection.transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """The handler reads the body slowly."""
        self.write_paused = True
        self._exchange.upstream_paused(True)

    def resume_reading(self) -> None:
        """It reads again."""
        self.write_paused = False
        if not self._done:
            self._exchange.upstream_paused(False)
