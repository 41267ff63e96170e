"""A server that speaks the part of Grafana's API that `dashboards push` uses, over real HTTP."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "glsa_right"
VIEWERS_TOKEN = "glsa_viewer"


class FakeGrafana:
    """What it holds: folders and dashboards by uid; `is_healthy` is its database's state."""

    def __init__(self) -> None:
        self.folders: dict[str, str] = {}
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.is_healthy = True
        self.told_as: Callable[[int], int | str] = int
        self.url = ""

    def answer(self, method: str, path: str, token: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if path == "/api/health":
            state = "ok" if self.is_healthy else "failing"
            return (200 if self.is_healthy else 503), {"database": state, "version": "13.0.0"}
        if token not in (TOKEN, VIEWERS_TOKEN):
            return 401, {"message": "Invalid API key"}
        if method == "POST" and token == VIEWERS_TOKEN:
            return 403, {"message": "You'll need additional permissions to perform this action."}
        if method == "GET" and path.startswith("/api/folders/"):
            uid = path.rpartition("/")[2]
            known = {"uid": uid, "title": self.folders.get(uid, "")}
            return (200, known) if uid in self.folders else (404, {"message": "folder not found"})
        if (method, path) == ("POST", "/api/folders"):
            self.folders[body["uid"]] = body["title"]
            return 200, {"uid": body["uid"], "title": body["title"]}
        if (method, path) == ("POST", "/api/dashboards/db"):
            return self._save(body)
        return 404, {"message": "Not found"}

    def _save(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        given, folder = body["dashboard"], body.get("folderUid", "")
        if folder and folder not in self.folders:
            return 400, {"message": "folder not found"}
        if len(given["uid"]) > 40 or not given["title"]:
            return 400, {"message": "Dashboard title cannot be empty"}
        known = self.dashboards.get(given["uid"])
        if known and not body.get("overwrite") and given["version"] < known["version"]:
            message = "The dashboard has been changed by someone else"
            return 412, {"status": "version-mismatch", "message": message}
        version = known["version"] + 1 if known else 1
        self.dashboards[given["uid"]] = {**given, "version": version, "folderUid": folder}
        url = f"/d/{given['uid']}/{given['title'].lower().replace(': ', '-').replace(' ', '-')}"
        return 200, {
            "id": 1,
            "uid": given["uid"],
            "url": url,
            "status": "success",
            "version": self.told_as(version),
        }


@contextlib.contextmanager
def running_grafana() -> Iterator[FakeGrafana]:
    """One on a free port of the loopback."""
    fake = FakeGrafana()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({})

        def do_POST(self) -> None:
            self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _reply(self, body: dict[str, Any]) -> None:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, told = fake.answer(self.command, self.path, token, body)
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # its name in the base
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
