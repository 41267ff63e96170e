"""A control endpoint of ours, just large enough for a proxy to follow."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import msgspec

from kernel.compile import revision_of
from kernel.control import Following
from kernel.findings import Overlay

TOKEN = "control-secret"


class Control:
    """What is told to who follows; `tell` wakes the long polls."""

    def __init__(self, text: str, port: int = 0) -> None:
        self.text = text
        self.overlays: tuple[Overlay, ...] = ()
        self.version = 0
        self.changed = threading.Condition()
        control = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(ConnectionError):  # who follows may go away in the middle of a poll
                    control.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            request.send_error(401)
            return
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        known = (query.get("revision", ""), int(query["overlays"]))
        deadline = time.monotonic() + float(query["timeout_s"])
        with self.changed:
            while known == (revision_of(self.text), self.version) and time.monotonic() < deadline:
                self.changed.wait(0.1)
            revision = revision_of(self.text)
            text = "" if known[0] == revision else self.text
            body = msgspec.json.encode(Following("default", revision, text, self.version, self.overlays))
        request.send_response(200)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def tell(self, text: str = "", overlays: tuple[Overlay, ...] | None = None) -> None:
        with self.changed:
            self.text = text or self.text
            if overlays is not None:
                self.overlays, self.version = overlays, self.version + 1
            self.changed.notify_all()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def control(text: str, port: int = 0) -> Iterator[Control]:
    running = Control(text, port)
    try:
        yield running
    finally:
        running.stop()
