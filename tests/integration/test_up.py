"""`tidegate up`: the whole gateway as one operator starts, asks, breaks and stops it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from console.endpoints import find_endpoints
from console.settings import settings_of
from console.warehouse_at import at_own_warehouse, at_warehouse
from tests.integration.proxies import eventually, policy_text, upstream

START_S = 60.0
PATIENCE_S = 20.0


class Up:
    """A running `tidegate up` on free ports."""

    def __init__(self, policy: Path, data: Path) -> None:
        self.data = data
        self.lines: list[str] = []
        ports = ("--listen", "--manage", "--control", "--warehouse-listen")
        free = [word for option in ports for word in (option, "127.0.0.1:0")]
        command = [
            sys.executable,
            "-m",
            "console.main",
            "up",
            "--policy",
            str(policy),
            "--data",
            str(data),
            *free,
        ]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip())

    def said(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def url(self, name: str) -> str:
        found = next(line for line in self.lines if line.startswith(f"{name} "))
        address = re.search(r"http://\S+", found)
        assert address is not None
        return address[0]

    def record(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.data / "processes.json").read_text())
        return told

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(START_S)
        self._reader.join(START_S)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


def tidegate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "console.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("policy") / "policy.yaml"
    with upstream() as server:
        path.write_text(policy_text(server.port))
        yield path


@pytest.fixture(scope="module")
def up(policy: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One gateway for the tests that leave it as it was."""
    started = Up(policy, tmp_path_factory.mktemp("up") / "data")
    eventually(lambda: started.said("tidegate is up") or started.process.poll(), "it is up", START_S)
    assert started.process.poll() is None, started.lines
    yield started
    started.end()


def status_of(up: Up) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(tidegate("status", "--data", str(up.data), "--json").stdout)
    return told


def stored(data: Path) -> int:
    """Rows in the warehouse of a directory on which nothing runs."""
    found = find_endpoints(settings_of({}), data)

    def count(url: str) -> int:
        question = "SELECT count() FROM requests WHERE interim = 0"
        return at_warehouse(url, lambda client: int(client.query(question).result_rows[0][0]))

    return at_own_warehouse(found, os.environ, count)


def test_requests_are_proxied_and_status_accounts_for_every_one(up: Up) -> None:
    before = status_of(up)["telemetry"]["offered"]
    with httpx2.Client(base_url=up.url("gateway")) as client:
        assert {client.get(f"/{n}").text for n in range(20)} == {"hello"}

    def is_stored() -> bool:
        telemetry = status_of(up)["telemetry"]
        return bool(telemetry["stored"] == telemetry["offered"] == before + 20)

    eventually(is_stored, "every event is stored")
    told = status_of(up)
    assert told["troubles"] == []
    assert told["proxy"]["revision"] == told["control"]["revision"]
    assert told["control"]["lease"]["holder"].startswith("analytics-")


def test_secrets_are_private_and_not_on_any_command_line(up: Up) -> None:
    secrets = json.loads((up.data / "keyring.json").read_text()).values()
    private = [up.data / name for name in ("keyring.json", "processes.json")]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    pids = [part["pid"] for part in up.record()["parts"]]
    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in pids]
    assert not [line for line in lines for secret in secrets if secret in line]
    assert not [line for line in up.lines for secret in secrets if secret in line]


def environment_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


def test_each_process_has_its_own_token_only(up: Up) -> None:
    keyring = json.loads((up.data / "keyring.json").read_text())
    tokens = {name: keyring[name] for name in ("control_token", "proxy_token", "analytics_token")}
    assert len(set(tokens.values())) == 3
    known = {
        part["name"]: {name for name, token in tokens.items() if token in environment_of(part["pid"])}
        for part in up.record()["parts"]
    }
    assert known == {
        "warehouse": set(),
        "control": set(tokens),
        "analytics": {"analytics_token"},
        "proxy": {"proxy_token"},
    }


@pytest.mark.parametrize(
    ("name", "method", "path", "status"),
    [
        # 422 and 428: the token may, the empty body may not.
        ("proxy_token", "GET", "/v1/follow?timeout_s=0", 200),
        ("proxy_token", "GET", "/v1/policy", 403),
        ("proxy_token", "PUT", "/v1/overlays", 403),
        ("proxy_token", "PUT", "/v1/recommendations", 403),
        ("proxy_token", "POST", "/v1/recommendations/any/approve", 403),
        ("proxy_token", "PUT", "/v1/policy", 403),
        ("proxy_token", "POST", "/v1/tokens", 403),
        ("analytics_token", "GET", "/v1/policy", 200),
        ("analytics_token", "PUT", "/v1/overlays", 422),
        ("analytics_token", "PUT", "/v1/recommendations", 422),
        ("analytics_token", "POST", "/v1/recommendations/any/approve", 403),
        ("analytics_token", "POST", "/v1/recommendations/any/reject", 403),
        ("analytics_token", "PUT", "/v1/policy", 403),
        ("analytics_token", "POST", "/v1/policy/rollback", 403),
        ("analytics_token", "POST", "/v1/keys/revoke", 403),
        ("analytics_token", "PUT", "/v1/loop", 403),
        ("analytics_token", "POST", "/v1/tokens", 403),
        ("control_token", "POST", "/v1/recommendations/any/approve", 428),
        ("control_token", "POST", "/v1/tokens", 422),
        ("control_token", "PUT", "/v1/overlays", 403),
        ("control_token", "PUT", "/v1/recommendations", 403),
    ],
)
def test_a_parts_token_does_its_part_and_decides_nothing(
    up: Up, name: str, method: str, path: str, status: int
) -> None:
    token = json.loads((up.data / "keyring.json").read_text())[name]
    asked = httpx2.request(
        method,
        up.url("console") + path,
        content=None if method == "GET" else b"{}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE_S,
    )
    assert asked.status_code == status, asked.text


def test_the_warehouse_asks_for_a_password_and_its_files_are_private(up: Up) -> None:
    url = up.url("warehouse")
    assert httpx2.get(url, params={"query": "SELECT 1"}).status_code in (401, 403)
    password = json.loads((up.data / "keyring.json").read_text())["warehouse_password"]
    known = httpx2.get(url, params={"query": "SELECT 1"}, auth=("default", password))
    assert (known.status_code, known.text) == (200, "1\n")
    assert (up.data / "warehouse").stat().st_mode & 0o077 == 0


def test_a_pause_is_seen_in_the_status(up: Up) -> None:
    where = ("--data", str(up.data))
    assert tidegate("loop", "pause", "--reason", "drill", *where).returncode == 0
    assert status_of(up)["control"]["loop"]["reason"] == "drill"
    assert "paused: drill" in tidegate("status", *where).stdout
    assert tidegate("loop", "resume", *where).returncode == 0


def test_findings_are_asked_of_the_running_warehouse(up: Up) -> None:
    done = tidegate("findings", "--data", str(up.data), "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_a_second_up_is_told_who_owns_the_directory(up: Up, policy: Path) -> None:
    done = tidegate("up", "--policy", str(policy), "--data", str(up.data))
    assert done.returncode == 2
    assert f"in use by process {up.process.pid}" in done.stderr
    assert status_of(up)["troubles"] == []


def test_a_broken_policy_is_a_trouble_and_the_old_one_holds(up: Up, policy: Path) -> None:
    good = policy.read_text()
    policy.write_text(good.replace("upstream: up", "upstream: pu"))
    done = eventually(lambda: refused(up), "the policy is refused")
    assert done.returncode == 1
    assert "no upstream is called 'pu'" in done.stdout
    assert httpx2.get(up.url("gateway")).text == "hello"
    policy.write_text(good)
    eventually(lambda: status_of(up)["troubles"] == [], "all is well again")


def refused(up: Up) -> subprocess.CompletedProcess[str] | None:
    done = tidegate("status", "--data", str(up.data))
    return done if "the policy file is refused" in done.stdout else None


def test_a_crashed_part_is_told_and_comes_back(up: Up) -> None:
    analytics = next(part["pid"] for part in up.record()["parts"] if part["name"] == "analytics")
    os.kill(analytics, signal.SIGKILL)
    eventually(lambda: up.said("analytics is back"), "analytics is back", START_S)
    assert up.said("analytics was killed by SIGKILL; restarting it")
    assert next(part["restarts"] for part in status_of(up)["parts"] if part["name"] == "analytics") == 1


def test_ctrl_c_stops_in_reverse_order_and_loses_no_telemetry(policy: Path, tmp_path: Path) -> None:
    up = Up(policy, tmp_path / "data")
    eventually(lambda: up.said("tidegate is up"), "it is up", START_S)
    with httpx2.Client(base_url=up.url("gateway")) as client:
        for number in range(50):
            client.get(f"/{number}")
        assert up.end(signal.SIGINT) == 0
    assert up.lines[-1] == "stopped"
    assert not (up.data / "processes.json").exists()
    assert stored(up.data) == 50


def test_what_a_killed_up_leaves_ends_with_it_and_is_taken_over(policy: Path, tmp_path: Path) -> None:
    first = Up(policy, tmp_path / "data")
    eventually(lambda: first.said("tidegate is up"), "it is up", START_S)
    children = [part["pid"] for part in first.record()["parts"]]
    first.end(signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the children ended")
    assert "no gateway runs" in tidegate("status", "--data", str(first.data)).stderr
    second = Up(policy, tmp_path / "data")
    eventually(lambda: second.said("tidegate is up"), "it is up again", START_S)
    assert second.said(f"took over {second.data} from process {first.process.pid}")
    assert second.end() == 0
