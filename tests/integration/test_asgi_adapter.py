"""The ASGI adapter behind a real uvicorn, as docs/asgi-adapter.md starts it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.integration.proxies import ROOT, TOKEN, eventually, load, policy_text, upstream


@contextmanager
def hosted(directory: Path, port: int) -> Iterator[tuple[str, httpx2.Client, subprocess.Popen[bytes]]]:
    """(URL of the gateway, client of its management endpoints, the server's process)."""
    (policy := directory / "policy.yaml").write_text(policy_text(port))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = free.getsockname()[1]
    environment = {
        "TIDEGATE_POLICY": str(policy),
        "TIDEGATE_DATA": str(directory / "data"),
        "TIDEGATE_MANAGE": f"unix:{directory / 'manage.sock'}",
        "TIDEGATE_MANAGE_TOKEN": TOKEN,
    }
    options = ["--no-proxy-headers", "--no-access-log", "--no-server-header", "--no-date-header"]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "proxy.asgi:create", "--port", str(listen), *options],
        env={**os.environ, **environment},
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    transport = httpx2.HTTPTransport(uds=str(directory / "manage.sock"))
    try:
        with httpx2.Client(transport=transport, base_url="http://manage") as manage:
            yield f"http://127.0.0.1:{listen}", manage, process
    finally:
        process.kill()
        process.wait()


def listens(url: str) -> bool:
    """Whether the server accepts connections: it does once the gateway has started."""
    try:
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))).close()
    except ConnectionRefusedError:
        return False
    return True


def test_uvicorn_serves_the_same_pipeline(tmp_path: Path) -> None:
    with upstream() as behind, hosted(tmp_path, behind.port) as (url, manage, process):
        eventually(lambda: listens(url), "the server listens")
        answer = httpx2.get(f"{url}/a", trust_env=False)
        assert (answer.status_code, answer.text) == (200, "hello")
        assert answer.headers["via"] == "1.1 tidegate"
        with load(url) as traffic:
            eventually(lambda: traffic.answered > 300, "traffic")
        assert traffic.failures == []
        token = {"authorization": f"Bearer {TOKEN}"}
        assert 'outcome="completed"' in manage.get("/metrics", headers=token).text
        process.send_signal(signal.SIGTERM)
        assert process.wait(10.0) in (0, -signal.SIGTERM)


def test_two_host_fields_are_refused_where_the_server_shows_them(tmp_path: Path) -> None:
    with upstream() as behind, hosted(tmp_path, behind.port) as (url, _, _):
        eventually(lambda: listens(url), "the server listens")
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as raw:
            raw.sendall(b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            assert raw.recv(4096).startswith(b"HTTP/1.1 400 ")
