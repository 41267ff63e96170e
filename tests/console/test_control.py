"""The control endpoint over real HTTP."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kernel.compile import revision_of
from kernel.control import ANALYTICS, Following
from kernel.findings import Overlay
from tests.console.policies import ADAPTIVE, Clock, overlay
from tests.console.serving import PATIENCE_S, Served, served


@pytest.fixture
def control(tmp_path: Path, policy: Path, clock: Clock) -> Iterator[Served]:
    with served(tmp_path, policy, clock) as endpoint:
        yield endpoint


def follow(control: Served, revision: str = "", overlays: int = 0, timeout_s: float = 10.0) -> Following:
    query: dict[str, str | int | float] = {"revision": revision, "overlays": overlays, "timeout_s": timeout_s}
    answer = control.call.get("/v1/follow", params={**query, "tenant": "default", "proxy": "p1"})
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=Following)


def lease(control: Served, holder: str = "analytics") -> dict[str, Any]:
    answer = control.call.post("/v1/lease", json={"tenant": "default", "holder": holder, "ttl_s": 30})
    assert answer.status_code == 200, answer.text
    held: dict[str, Any] = answer.json()
    return held


def put(control: Served, *overlays: Overlay, holder: str = "analytics") -> Any:
    body = {"tenant": "default", "holder": holder, "overlays": msgspec.to_builtins(overlays)}
    return control.call.put("/v1/overlays", json=body)


def until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_a_follower_without_anything_gets_everything_at_once(control: Served) -> None:
    told = follow(control)
    assert told.revision == revision_of(ADAPTIVE)
    assert told.policy == ADAPTIVE
    assert told.overlays == ()


def test_a_follower_that_is_current_waits_and_gets_no_policy_text(control: Served) -> None:
    known = follow(control)
    told = follow(control, known.revision, known.overlays_version, timeout_s=0.05)
    assert told == msgspec.structs.replace(known, policy="")


def test_an_overlay_reaches_a_waiting_follower(control: Served) -> None:
    known = follow(control)
    lease(control)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(follow, control, known.revision, known.overlays_version, 15.0)
        until(lambda: seen(control) == [(known.revision, known.overlays_version)])
        assert put(control, overlay()).status_code == 200
        told = waiting.result()
    assert told.overlays == (overlay(),)
    assert told.policy == ""
    assert told.overlays_version > known.overlays_version


def test_analytics_follows_and_is_no_proxy(control: Served) -> None:
    query = {"revision": "", "overlays": "0", "timeout_s": "0", "proxy": ANALYTICS}
    assert control.call.get("/v1/follow", params=query).status_code == 200
    assert ANALYTICS not in {each["name"] for each in control.call.get("/v1/status").json()["proxies"]}


def test_a_proxy_that_refused_a_revision_is_seen_with_the_one_that_it_runs(control: Served) -> None:
    query = {"revision": "told", "runs": "old", "overlays": "7", "timeout_s": "0", "proxy": "p1"}
    assert control.call.get("/v1/follow", params=query).status_code == 200
    assert seen(control) == [("old", 7)]


def test_analytics_may_ask_for_the_status(control: Served) -> None:
    made = control.call.post("/v1/tokens", json={"name": "watch", "role": "analytics"}).json()
    answer = control.call.get("/v1/status", headers={"Authorization": f"Bearer {made['secret']}"})
    assert answer.status_code == 200


def seen(control: Served) -> list[tuple[str, int]]:
    proxies = control.call.get("/v1/status").json()["proxies"]
    return [(proxy["revision"], proxy["overlays_version"]) for proxy in proxies if proxy["name"] == "p1"]


def test_only_the_holder_of_the_lease_sets_overlays(control: Served) -> None:
    assert put(control, overlay()).status_code == 409
    assert lease(control, "one")["held"]
    other = lease(control, "two")
    assert (other["held"], other["holder"]) == (False, "one")
    refused = put(control, overlay(), holder="two")
    assert refused.status_code == 409
    assert "'one' holds it" in refused.json()["detail"]
    assert put(control, overlay(), holder="one").status_code == 200


def test_what_the_policy_does_not_allow_is_refused_and_changes_nothing(control: Served) -> None:
    lease(control)
    put(control, overlay())
    refused = put(control, overlay(rate=1.0), overlay("x", limit="fixed"))
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert len(refused.json()["reasons"]) == 2
    assert follow(control).overlays == (overlay(),)


def test_an_expired_overlay_vanishes_and_that_is_news(control: Served, clock: Clock) -> None:
    lease(control)
    put(control, overlay(expires_at=1_000.3), overlay("ip:192.0.2.8"))
    known = follow(control)
    clock.now = 1_000.3
    told = follow(control, known.revision, known.overlays_version, timeout_s=15.0)
    assert told.overlays == (overlay("ip:192.0.2.8"),)
    assert told.overlays_version > known.overlays_version


def test_pausing_withdraws_overlays_at_once_and_resuming_brings_them_back(control: Served) -> None:
    lease(control)
    put(control, overlay())
    pause = {"tenant": "default", "paused": True, "reason": "incident 12"}
    assert control.call.put("/v1/loop", json=pause).json()["paused"]
    assert follow(control).overlays == ()
    refused = put(control, overlay("ip:192.0.2.9"))
    assert refused.status_code == 409
    assert "incident 12" in refused.json()["detail"]
    assert control.call.get("/v1/loop").json()["reason"] == "incident 12"
    control.call.put("/v1/loop", json={"tenant": "default", "paused": False})
    assert follow(control).overlays == (overlay(),)


def test_a_new_policy_is_told_and_withdraws_what_it_no_longer_allows(control: Served, policy: Path) -> None:
    lease(control)
    put(control, overlay(rate=5.0), overlay("ip:192.0.2.8", rate=20.0))
    known = follow(control)
    narrower = ADAPTIVE.replace("floor: 2/s", "floor: 10/s")
    policy.write_text(narrower)
    told = follow(control, known.revision, known.overlays_version, timeout_s=15.0)
    assert (told.revision, told.policy) == (revision_of(narrower), narrower)
    until(lambda: follow(control).overlays == (overlay("ip:192.0.2.8", rate=20.0),))


def test_a_broken_policy_is_refused_with_reasons_and_the_old_one_stays(control: Served, policy: Path) -> None:
    policy.write_text(ADAPTIVE.replace("upstream: shop", "upstream: shpo"))
    until(lambda: bool(control.call.get("/v1/status").json()["refused_policy"]))
    status = control.call.get("/v1/status").json()
    assert status["revision"] == revision_of(ADAPTIVE)
    assert "shpo" in status["refused_policy"][0]
    assert any("old one stays" in line for line in control.told)
    policy.write_text(ADAPTIVE)
    until(lambda: not control.call.get("/v1/status").json()["refused_policy"])


def test_a_policy_file_that_vanishes_leaves_the_old_policy(control: Served, policy: Path) -> None:
    policy.unlink()
    until(lambda: bool(control.call.get("/v1/status").json()["refused_policy"]))
    assert follow(control).revision == revision_of(ADAPTIVE)


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Basic t0ken", "Bearer"])
def test_without_the_token_nothing_is_told(control: Served, header: str) -> None:
    for path in ("/v1/follow", "/v1/status", "/v1/overlays", "/v1/loop"):
        answer = control.call.get(path, headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert control.call.get("/livez", headers={"Authorization": ""}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"tenant":"default"}',
        b'{"tenant":"default","holder":"a","ttl_s":-1}',
        b'{"tenant":"default","holder":"a","ttl_s":1e9}',
        b'{"tenant":"default","holder":"","ttl_s":5}',
        b'{"tenant":"default","holder":"a","ttl_s":5,"more":1}',
    ],
)
def test_a_malformed_body_is_told(control: Served, body: bytes) -> None:
    answer = control.call.post("/v1/lease", content=body)
    assert answer.status_code == 422
    assert answer.json()["title"] == "malformed body"


def test_a_body_beyond_the_cap_is_refused(control: Served) -> None:
    assert control.call.put("/v1/overlays", content=b" " * (5 << 20)).status_code == 413


def test_another_tenant_is_unknown_here(control: Served) -> None:
    answer = control.call.get("/v1/follow", params={"tenant": "other"})
    assert answer.status_code == 404
    assert "'default'" in answer.json()["detail"]


def test_overlays_and_the_pause_survive_a_restart(tmp_path: Path, policy: Path, clock: Clock) -> None:
    with served(tmp_path, policy, clock) as control:
        lease(control)
        put(control, overlay())
        version = follow(control).overlays_version
    with served(tmp_path, policy, clock) as control:
        told = follow(control)
        assert (told.overlays, told.overlays_version) == ((overlay(),), version)
        assert put(control, overlay("ip:192.0.2.9")).status_code == 200  # the lease survived too
