"""The loop over HTTP; following, overlays and the lease are in test_control."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from console.control import create_app
from console.state import ControlState, open_state
from console.tokens import Tokens
from tests.console.policies import LONGER, Clock
from tests.console.serving import TOKEN, TOKENS, Served
from tests.console.stored import full_disk, locked


@pytest.fixture
async def state(tmp_path: Path, policy: Path, clock: Clock) -> AsyncIterator[ControlState]:
    opened = open_state(tmp_path / "control.sqlite", policy, clock)
    yield opened
    await opened.close()


@pytest.fixture
async def call(state: ControlState) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(state, Tokens(TOKENS))
    fields = {"Authorization": f"Bearer {TOKEN}", "If-Match": "*"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://console.test", headers=fields
    ) as client:
        yield client


def test_pausing_is_audited_with_its_author_and_reason(control: Served) -> None:
    control.call.put("/v1/loop", json={"tenant": "default", "paused": True, "reason": "incident 12"})
    (newest, *_) = control.call.get("/v1/audit").json()
    assert (newest["what"], newest["author"], newest["detail"]) == ("pause loop", "admin", "incident 12")
    assert control.call.get("/v1/status").json()["revision_author"] == "file"


async def test_on_a_full_disk_writes_are_refused_and_reads_and_proxies_go_on(
    state: ControlState, call: httpx2.AsyncClient
) -> None:
    large = {"text": LONGER, "reason": "x"}
    with full_disk(state._store):
        refused = await call.put("/v1/policy", json=large)
        followed = await call.get("/v1/follow", params={"proxy": "p-new" * 30, "revision": "r" * 9_000})
        read = [await call.get(f"/v1/{what}") for what in ("policy", "status", "jobs", "audit", "loop")]
    assert (refused.status_code, refused.headers["content-type"]) == (507, "application/problem+json")
    assert refused.json()["title"] == "the disk is full"
    assert followed.status_code == 200
    assert [each.status_code for each in read] == [200] * 5
    assert (await call.put("/v1/policy", json=large)).status_code == 200


async def test_on_a_locked_store_writes_are_refused_and_proxies_go_on(
    state: ControlState, call: httpx2.AsyncClient
) -> None:
    with locked(state._store):
        refused = await call.post("/v1/markers", json={"text": "v2"})
        followed = await call.get("/v1/follow", params={"proxy": "p-new", "revision": "r0"})
    assert (refused.status_code, refused.json()["title"]) == (503, "the store is locked")
    assert followed.status_code == 200
