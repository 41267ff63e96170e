"""SIGTERM: readiness goes, the listener closes, open requests end, telemetry is kept, exit 0."""

import signal
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.integration.proxies import (
    Proxy,
    Upstream,
    eventually,
    load,
    proxy,
    statuses,
)


class Held:
    """A request that the upstream holds, asked in a thread."""

    def __init__(self, url: str, behind: Upstream) -> None:
        self.answer: httpx2.Response | None = None
        self.failure = ""
        self.thread = threading.Thread(target=self.ask, args=(f"{url}/held",), daemon=True)
        self.thread.start()
        assert behind.arrived.wait(10.0)

    def ask(self, url: str) -> None:
        try:
            self.answer = httpx2.get(url, trust_env=False, timeout=30.0)
        except httpx2.HTTPError as failure:
            self.failure = repr(failure)

    def ended(self) -> "Held":
        self.thread.join(15.0)
        return self


def refuses(url: str) -> bool:
    """Whether new connections are refused."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=1.0).close()
    except ConnectionRefusedError:
        return True
    return False


def draining(running: Proxy) -> bool:
    return running.readiness().status_code == 503 and running.readiness().json()["draining"]


def test_an_open_request_ends_while_nothing_new_comes_in(
    tmp_path: Path, policy: Path, behind: Upstream
) -> None:
    with proxy(tmp_path, "--policy", str(policy)) as running:
        url = running.ready()
        held = Held(url, behind)
        running.send(signal.SIGTERM)
        eventually(lambda: draining(running), "/readyz says 503")
        eventually(lambda: refuses(url), "the listener closes")
        behind.release()
        answer = held.ended().answer
        assert answer is not None
        assert (answer.status_code, answer.text) == (200, "hello")
        assert answer.headers["connection"] == "close"
        assert running.ended() == 0


def test_what_is_open_at_the_deadline_is_cut(tmp_path: Path, policy: Path, behind: Upstream) -> None:
    with proxy(tmp_path, "--policy", str(policy), "--drain-s", "0.3") as running:
        held = Held(running.ready(), behind)
        running.send(signal.SIGTERM)
        assert running.ended() == 0
        assert held.ended().failure
        assert "1 open requests are cut" in running.said()


def test_a_second_signal_ends_the_drain(tmp_path: Path, policy: Path, behind: Upstream) -> None:
    with proxy(tmp_path, "--policy", str(policy), "--drain-s", "60") as running:
        held = Held(running.ready(), behind)
        running.send(signal.SIGINT)
        eventually(lambda: draining(running), "/readyz says 503")
        running.send(signal.SIGINT)
        assert running.ended() == 0
        assert held.ended().failure


def test_idle_connections_do_not_hold_up_the_end(tmp_path: Path, policy: Path) -> None:
    with proxy(tmp_path, "--policy", str(policy), "--drain-s", "60") as running:
        parts = urlsplit(running.ready())
        with socket.create_connection((parts.hostname, parts.port)) as idle:
            idle.sendall(b"GET /a HTTP/1.1\r\nHost: edge\r\n\r\n")
            assert idle.recv(4096).startswith(b"HTTP/1.1 200 ")
            running.send(signal.SIGTERM)
            assert running.ended() == 0


def test_events_are_on_disk_before_the_end_where_the_warehouse_is_away(tmp_path: Path, policy: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with proxy(tmp_path, "--policy", str(policy), "--warehouse", away) as running:
            assert statuses(running.ready(), 20) == [200] * 20
            running.send(signal.SIGTERM)
            assert running.ended() == 0
    spooled = [path for path in running.data.iterdir() if "spool" in path.name]
    assert sum(path.stat().st_size for path in spooled) > 20 * 50


def test_a_drain_under_load_drops_no_request_that_was_taken(tmp_path: Path, policy: Path) -> None:
    with proxy(tmp_path, "--policy", str(policy)) as running:
        url = running.ready()
        with load(url) as traffic:
            eventually(lambda: traffic.answered > 200, "traffic")
            running.send(signal.SIGTERM)
            assert running.ended() == 0
            eventually(lambda: refuses(url), "the end")
        assert not [each for each in traffic.failures if each.startswith("HTTP/")]
        # A connection may be closed between two requests, never within a response.
        assert not [each for each in traffic.failures if "IncompleteRead" in each and "0 bytes" not in each]


def test_asyncio_debug_finds_nothing_left_behind(tmp_path: Path, policy: Path) -> None:
    environment = {"PYTHONASYNCIODEBUG": "1", "PYTHONWARNINGS": "default"}
    with proxy(tmp_path, "--policy", str(policy), environment=environment) as running:
        statuses(running.ready(), 3)
        running.send(signal.SIGTERM)
        assert running.ended() == 0
        for trace in ("never awaited", "was destroyed", "never retrieved", "ResourceWarning", "Traceback"):
            assert trace not in running.said(), running.said()
