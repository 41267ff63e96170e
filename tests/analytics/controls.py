"""A control endpoint of ours for analytics: real HTTP, no store."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from kernel.control import Following, LeaseAnswer, LoopAnswer, PutOverlays, PutRecommendations
from kernel.findings import Overlay
from kernel.recommendations import Recommendation, Reviewed, Withdrawal
from tests.analytics.policies import TEXT

TOKEN = "secret"
ANSWERED = (
    *("/v1/jobs", "/v1/policy", "/v1/revisions", "/v1/labels", "/v1/status"),
    *("/v1/approvals", "/v1/recommendations/"),
)


class Endpoint:
    """What it answers, and what it was told. `refuse` answers everything with that status."""

    def __init__(self) -> None:
        self.text = TEXT
        self.revision = "r1"
        self.held = True
        self.paused = False
        self.refuse = 0
        self.overlays: tuple[Overlay, ...] = ()
        self.recommended: tuple[Recommendation, ...] = ()
        self.withdrawn: tuple[Withdrawal, ...] = ()
        self.version = 1
        self.calls: list[str] = []
        self.reviewed: tuple[Reviewed, ...] = ()
        self.answers: dict[str, Any] = {}  # of replays, by path
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                endpoint.answer(self)

            def do_POST(self) -> None:
                endpoint.answer(self)

            def do_PUT(self) -> None:
                endpoint.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        path = request.path.partition("?")[0]
        self.calls.append(f"{request.command} {path}")
        authorised = request.headers["authorization"] == f"Bearer {TOKEN}"
        status = self.refuse or (200 if authorised else 401)
        found = msgspec.json.encode(self.said(request.command, path, body) if status == 200 else {})
        request.send_response(status)
        request.send_header("content-length", str(len(found)))
        request.end_headers()
        request.wfile.write(found)

    def said(self, method: str, path: str, body: bytes) -> Any:
        if path == "/v1/follow":
            return Following("default", self.revision, self.text, self.version, self.overlays)
        if path == "/v1/lease":
            return LeaseAnswer(self.held, "somebody", 0.0)
        if path == "/v1/loop":
            return LoopAnswer("default", self.paused, "", 0.0)
        if path.startswith(ANSWERED):
            return self.answers[path] if path != "/v1/labels" else self.answers.get(path, ())
        if method == "GET" and path == "/v1/recommendations":
            return self.reviewed
        if path == "/v1/recommendations":
            told = msgspec.json.decode(body, type=PutRecommendations)
            self.recommended, self.withdrawn = told.recommendations, told.withdrawn
            return {}
        self.overlays = msgspec.json.decode(body, type=PutOverlays).overlays
        self.version += 1
        return {}


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """An endpoint for the length of a with block."""
    control = Endpoint()
    serving = threading.Thread(target=control.server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    try:
        yield control
    finally:
        control.server.shutdown()
        control.server.server_close()
        serving.join()
