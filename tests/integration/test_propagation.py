"""What an operator does reaches every worker of a real proxy within two seconds, and outlives the console.

Asserted is the console's own record, not this test's polling: each worker's next poll tells what it runs
then, and the time of that poll less the time of the deed is at most two seconds. What a client sees is
asked after that, on connections of its own, so that both workers answer.
"""

import hashlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from kernel.recommendations import patch_digest
from tests.console.proposing import recommendation
from tests.integration.consoles import PROXY, Console, console
from tests.integration.proxies import Proxy, Upstream, eventually, load, proxy

REACHED_WITHIN_S = 2.0
WORKERS = 2
ASKED = 12  # connections: the kernel spreads them over both workers
KEYS = ("first-key", "second-key")
AWAY_S = 2.0  # until the pauses between two polls are at their longest


def policy_at(port: int, path: str = "/*") -> str:
    held = "".join(f"  - {{name: {key}, keys: [{{sha256: {digest(key)}}}]}}\n" for key in KEYS)
    return (
        f'upstreams:\n  - {{name: up, url: "http://127.0.0.1:{port}"}}\n'
        f'routes:\n  - {{name: catalogue, path: "{path}", upstream: up, auth: required}}\n'
        f"consumers:\n{held}"
    )


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def in_force(told: dict[str, Any]) -> tuple[str, int]:
    return told["revision"], told["overlays_version"]


class Gateway:
    """A console and a proxy with two workers that follows it."""

    def __init__(self, control: Console, edge: Proxy, port: int) -> None:
        self.control = control
        self.edge = edge
        self.port = port
        self.url = edge.ready()

    def told(self) -> list[dict[str, Any]]:
        """The workers as the console has seen them."""
        seen = self.control.status()["proxies"]
        assert {each["name"] for each in seen} <= {"edge-0", "edge-1"}
        return [each for each in seen if each["name"].startswith("edge-")]

    def reached(self, deed: Callable[[], Any]) -> None:
        """Do something; both workers must say in time that they run what is in force after it."""
        before = self.control.status()
        begun_at = time.time()
        deed()

        def those_who_run_it() -> list[dict[str, Any]]:
            now = self.control.status()
            if in_force(now) == in_force(before):
                return []
            current = [each for each in self.told() if in_force(each) == in_force(now)]
            return current if len(current) == WORKERS else []

        seen = eventually(those_who_run_it, "both workers run what is in force")
        assert max(each["seen_at"] for each in seen) - begun_at <= REACHED_WITHIN_S

    def statuses(self, key: str, path: str = "/a") -> set[int]:
        headers = {"X-Api-Key": key}
        asked = [httpx2.get(self.url + path, headers=headers, trust_env=False) for _ in range(ASKED)]
        return {answer.status_code for answer in asked}

    def put_policy(self, text: str) -> None:
        self.control.ask("PUT", "/v1/policy", {"text": text, "reason": "a test"})

    def revoke(self, key: str) -> None:
        self.control.ask("POST", "/v1/keys/revoke", {"sha256": digest(key), "reason": "leaked"})


@pytest.fixture
def gateway(tmp_path: Path, behind: Upstream) -> Iterator[Gateway]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_at(behind.port))
    with console(policy, tmp_path) as control, following(tmp_path, control) as edge:
        yield Gateway(control, edge, behind.port)


def following(directory: Path, control: Console) -> Any:
    options = ("--control", control.url, "--workers", str(WORKERS))
    return proxy(directory, *options, environment={"TIDEGATE_CONTROL_TOKEN": PROXY})


def test_each_deed_of_an_operator_reaches_every_worker_within_two_seconds(gateway: Gateway) -> None:
    control = gateway.control
    assert gateway.statuses("first-key") == {200}
    gateway.reached(lambda: gateway.revoke("first-key"))
    assert gateway.statuses("first-key") == {401}
    assert gateway.statuses("second-key") == {200}

    first = control.status()["revision"]
    gateway.reached(lambda: gateway.put_policy(policy_at(gateway.port, "/b")))
    assert gateway.statuses("second-key") == {404}
    gateway.reached(
        lambda: control.ask("POST", "/v1/policy/rollback", {"revision": first, "reason": "a test"})
    )
    assert gateway.statuses("second-key") == {200}

    proposed = msgspec.structs.replace(recommendation(), expires_at=time.time() + 3_600)
    control.propose(proposed)
    seen = patch_digest(proposed.patch)
    approval = {"mode": "enforce", "reason": "a test", "lasts_s": 600, "patch": seen}
    approve = f"/v1/recommendations/{proposed.id}/approve"
    gateway.reached(lambda: control.ask("POST", approve, approval))
    assert gateway.statuses("second-key") == {200, 429}  # one request a second, five at once

    gateway.reached(lambda: control.policy.write_text(policy_at(gateway.port, "/c")))
    assert gateway.statuses("second-key", "/c") <= {200, 429}  # what was approved stays
    assert gateway.statuses("second-key", "/a") == {404}
    assert gateway.statuses("first-key", "/c") == {401}


def test_a_gateway_serves_on_without_its_console_and_notices_its_return(
    gateway: Gateway, tmp_path: Path
) -> None:
    control = gateway.control
    gateway.reached(lambda: gateway.revoke("first-key"))
    revision = control.status()["revision"]
    control.kill()
    eventually(lambda: gateway.edge.said().count("is away") >= WORKERS, "both workers miss the console")
    assert gateway.statuses("second-key") == {200}

    gateway.edge.send(signal.SIGTERM)
    assert gateway.edge.ended() == 0
    with following(tmp_path, control) as again:
        gateway = Gateway(control, again, gateway.port)  # from the disk: nobody else could tell it
        assert again.readiness().json()["revision"] == revision
        assert gateway.statuses("second-key") == {200}
        assert gateway.statuses("first-key") == {401}
        time.sleep(AWAY_S)
        control.start()
        gateway.reached(lambda: gateway.revoke("second-key"))
        assert gateway.statuses("second-key") == {401}
        assert again.said().count("answers again") == WORKERS


def test_no_request_fails_while_the_console_comes_and_goes(tmp_path: Path, behind: Upstream) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_at(behind.port).replace("auth: required", "auth: none"))
    with (
        console(policy, tmp_path) as control,
        following(tmp_path, control) as edge,
        load(edge.ready()) as traffic,
    ):
        control.kill()
        control.start()
        policy.write_text(policy.read_text() + "# changed\n")
        changed = eventually(lambda: control.status()["revision_number"] == 2, "the next revision")
        assert changed
        revision = control.status()["revision"]
        eventually(lambda: edge.readiness().json()["revision"] == revision, "both workers run it")
        assert traffic.answered > 0
        assert traffic.failures == []
