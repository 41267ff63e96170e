"""A real receiver gets what a sink is sent: signed, or as Alertmanager's API v2 has it."""

import hashlib
import hmac
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx2
import msgspec
import pytest

from analytics.alerting import Alert
from analytics.sinks import SIGNATURE, NotDelivered, Sink, send

ALERT = Alert(
    id="i-100",
    labels={"alertname": "flood", "route": "shop"},
    state="firing",
    severity="critical",
    summary="ten times as many",
    starts_at=100.0,
    ends_at=0.0,
    findings=("a",),
)


class Receiver(HTTPServer):
    """Keeps what it was sent: (path, signature, body)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[tuple[str, str, bytes]] = []
        self.status = 200


class Handler(BaseHTTPRequestHandler):
    """Takes posts."""

    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, self.headers.get(SIGNATURE, ""), body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url_of(receiver: Receiver) -> str:
    return f"http://127.0.0.1:{receiver.server_port}"


def test_a_webhook_is_signed_over_time_and_body(receiver: Receiver) -> None:
    with httpx2.Client(trust_env=False) as http:
        send(http, Sink("hook", "webhook", url_of(receiver) + "/in"), ALERT, secret=b"s", now=150.0)
    ((path, signed, body),) = receiver.taken
    expected = hmac.new(b"s", b"150." + body, hashlib.sha256).hexdigest()
    assert (path, signed) == ("/in", f"t=150,v1={expected}")
    assert msgspec.json.decode(body, type=Alert) == ALERT


def test_an_alertmanager_gets_stable_labels_and_times(receiver: Receiver) -> None:
    sink = Sink("am", "alertmanager", url_of(receiver))
    resolved = msgspec.structs.replace(ALERT, state="resolved", ends_at=200.0, severity="warning")
    with httpx2.Client(trust_env=False) as http:
        send(http, sink, ALERT, secret=b"", now=150.0)
        send(http, sink, resolved, secret=b"", now=210.0)
    (fired,), (over,) = (msgspec.json.decode(body) for _, _, body in receiver.taken)
    assert receiver.taken[0][0] == "/api/v2/alerts"
    assert fired["labels"] == over["labels"] == ALERT.labels
    assert fired["startsAt"] == over["startsAt"] == "1970-01-01T00:01:40.000Z"
    assert (fired["endsAt"], over["endsAt"]) == ("1970-01-01T00:07:30.000Z", "1970-01-01T00:03:20.000Z")


def test_a_refusal_is_told_without_the_secret(receiver: Receiver) -> None:
    receiver.status = 500
    sink = Sink("hook", "webhook", url_of(receiver))
    with httpx2.Client(trust_env=False) as http, pytest.raises(NotDelivered, match=r"^answered 500$"):
        send(http, sink, ALERT, secret=b"s", now=150.0)
