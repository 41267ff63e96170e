"""A real receiver of alerts: it keeps what it is sent, answers as it is told, and may hang."""

import contextlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import msgspec

from analytics.alerting import Alert, State
from analytics.sinks import SIGNATURE, Sink

ALERT = Alert(
    id="i-100",
    name="flood",
    labels={"alertname": "flood", "route": "shop", "tenant": "default"},
    state="firing",
    severity="critical",
    summary="ten times as many",
    starts_at=100.0,
    ends_at=0.0,
    findings=("a",),
)
OVER = msgspec.structs.replace(ALERT, state="resolved", ends_at=200.0)


class Taken(msgspec.Struct, frozen=True):
    """One request."""

    path: str
    fields: dict[str, str]
    body: bytes

    @property
    def signature(self) -> str:
        return self.fields.get(SIGNATURE.lower(), "")


class Receiver(ThreadingHTTPServer):
    """Answers `status` with `answered` as header fields; while `held` is not set, it hangs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[Taken] = []
        self.status = 200
        self.answered: dict[str, str] = {}
        self.held = Event()
        self.held.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def alerts(self) -> list[Alert]:
        """What a webhook was told."""
        return [msgspec.json.decode(each.body, type=Alert) for each in self.taken]

    def states(self) -> list[tuple[str, State]]:
        """(id, state) of what a webhook was told."""
        return [(each.id, each.state) for each in self.alerts()]

    def webhook(self, name: str = "hook", secret: bytes = b"s") -> Sink:
        return Sink(name, "webhook", f"{self.url}/in", secret=secret)

    def alertmanager(self, name: str = "am") -> Sink:
        return Sink(name, "alertmanager", self.url)


class Handler(BaseHTTPRequestHandler):
    """Takes posts."""

    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields = {name.lower(): value for name, value in self.headers.items()}
        self.server.taken.append(Taken(self.path, fields, body))
        self.server.held.wait()
        with contextlib.suppress(OSError):  # who waited may be gone
            self.send_response(self.server.status)
            for name, value in self.server.answered.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Tests are quiet."""


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for the length of a with block."""
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.held.set()
            server.shutdown()
            thread.join()
