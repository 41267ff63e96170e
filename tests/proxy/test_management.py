"""The management endpoints, asked over ASGI."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import httpx2
import msgspec
import pytest

from proxy.gateway import Gateway, Traffic
from proxy.holder import Refused
from proxy.management import PolicyState, Worker, manage_token, management_app
from tests.proxy.around import gateway_with, overlay

TOKEN = {"authorization": "Bearer secret"}


@pytest.fixture
def gateway() -> Gateway:
    return gateway_with()


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(management_app(Worker(gateway), "secret"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://manage") as client:
        yield client


class Idle:
    """A transport with nothing to do."""

    open_requests = 0
    open_connections = connections_refused = 0


async def test_livez_and_readyz_need_no_token(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/readyz")).status_code == 503


async def test_readyz_tells_revision_and_queue_and_says_503_while_draining(
    client: httpx2.AsyncClient, gateway: Gateway
) -> None:
    gateway.transport = cast(Traffic, Idle())
    ready = await client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["revision"] == gateway.holder.snapshot.revision
    assert ready.json()["queue_depth"] == 0
    gateway.draining = True
    draining = await client.get("/readyz")
    assert (draining.status_code, draining.json()["draining"]) == (503, True)


@pytest.mark.parametrize("path", ["/metrics", "/policy"])
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "secret"}])
async def test_what_tells_of_traffic_and_policy_needs_the_token(
    client: httpx2.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    assert (await client.get(path, headers=headers)).status_code == 401
    assert (await client.get(path, headers=TOKEN)).status_code == 200


async def test_policy_tells_revision_refusal_and_overlays_in_force(
    client: httpx2.AsyncClient, gateway: Gateway
) -> None:
    gateway.holder.refuse(Refused(5.0, "bad", "policy.yaml", ("policy.yaml:3:1 what is wrong",)))
    gateway.holder.overlay([overlay(), overlay(id="over", expires_at=999.0)], 3)
    answer = await client.get("/policy", headers=TOKEN)
    (state,) = msgspec.json.decode(answer.content, type=tuple[PolicyState, ...])
    assert state.revision == gateway.holder.snapshot.revision
    assert state.refused is not None
    assert state.refused.problems == ("policy.yaml:3:1 what is wrong",)
    assert [each.id for each in state.overlays] == ["o1"]


async def test_no_documentation_is_served(client: httpx2.AsyncClient) -> None:
    assert [(await client.get(path)).status_code for path in ("/docs", "/openapi.json")] == [404, 404]


def test_without_a_token_one_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    token = manage_token("", tmp_path)
    assert stat.S_IMODE((tmp_path / "manage-token").stat().st_mode) == 0o600
    assert manage_token("", tmp_path) == token
    assert manage_token("given", tmp_path) == "given"
