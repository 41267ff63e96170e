"""A proxy that follows a control endpoint: policies, overlays, and the endpoint away."""

import signal
import socket
import time
from pathlib import Path

from kernel.compile import revision_of
from kernel.findings import Overlay
from tests.integration.controls import TOKEN, control
from tests.integration.proxies import Upstream, eventually, policy_text, proxy, statuses

ENVIRONMENT = {"TIDEGATE_CONTROL_TOKEN": TOKEN}
ADAPTIVE = "limits:\n  - {name: few, rate: 50/s, burst: 50, adaptive: {floor: 1/s, ceiling: 100/s}}\n"


def test_policies_and_overlays_are_followed(tmp_path: Path, behind: Upstream) -> None:
    text = policy_text(behind.port, limits=ADAPTIVE)
    with (
        control(text) as endpoint,
        proxy(tmp_path, "--control", endpoint.url, environment=ENVIRONMENT) as running,
    ):
        url = running.ready()
        assert statuses(url, 3) == [200, 200, 200]
        now = time.time()
        value = Overlay("o1", "default", "few", "", 1.0, 1, "burst", "f1", now, now + 600)
        endpoint.tell(overlays=(value,))
        eventually(lambda: running.readiness().json()["overlays_version"] == 1, "the overlay")
        assert statuses(url, 5).count(429) >= 3
        assert running.told("/policy").json()[0]["overlays"][0]["id"] == "o1"
        endpoint.tell(overlays=())
        eventually(lambda: running.readiness().json()["overlays_version"] == 2, "its end")
        assert statuses(url, 3) == [200, 200, 200]
        endpoint.tell(text=text + "# changed\n")
        changed = revision_of(text + "# changed\n")
        eventually(lambda: running.readiness().json()["revision"] == changed, "the next revision")


def test_a_proxy_starts_with_its_last_good_policy_while_control_is_away(
    tmp_path: Path, behind: Upstream
) -> None:
    text = policy_text(behind.port)
    with control(text) as endpoint:
        with proxy(tmp_path, "--control", endpoint.url, environment=ENVIRONMENT) as running:
            running.ready()
        away = endpoint.url
    with proxy(tmp_path, "--control", away, environment=ENVIRONMENT) as running:
        assert statuses(running.ready(), 1) == [200]
        assert running.readiness().json()["revision"] == revision_of(text)
        assert "is away" in running.said()


def test_without_any_policy_a_proxy_waits_and_says_so(tmp_path: Path, behind: Upstream) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    with proxy(tmp_path, "--control", f"http://127.0.0.1:{port}", environment=ENVIRONMENT) as running:
        eventually(lambda: "does not listen until it has one" in running.said(), "the message")
        assert running.readiness().status_code == 503
        with control(policy_text(behind.port), port):
            assert statuses(running.ready(), 1) == [200]


def test_a_proxy_that_waits_for_its_first_policy_ends_when_told_to(tmp_path: Path) -> None:
    with proxy(tmp_path, "--control", "http://127.0.0.1:9", environment=ENVIRONMENT) as running:
        eventually(lambda: "does not listen until it has one" in running.said(), "the message")
        running.send(signal.SIGTERM)
        assert running.ended() == 0


def test_a_wrong_token_is_told(tmp_path: Path, behind: Upstream) -> None:
    with (
        control(policy_text(behind.port)) as endpoint,
        proxy(tmp_path, "--control", endpoint.url, environment={"TIDEGATE_CONTROL_TOKEN": "x"}) as running,
    ):
        eventually(lambda: "401: the token is not a proxy's" in running.said(), "the reason")
        assert running.readiness().status_code == 503
