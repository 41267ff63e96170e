"""Who may see and who may decide, by the roles of a token."""

from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from console.state import open_state
from console.tokens import Role, Token, Tokens
from console.web.pages import add_pages
from tests.console.policies import Clock


async def test_a_token_of_a_proxy_opens_no_page(policy: Path, clock: Clock) -> None:
    state = open_state(policy.parent / "control.sqlite", policy, clock)
    tokens = Tokens(
        [
            Token("of-a-proxy", frozenset({Role.PROXY}), "proxy"),
            Token("of-ops", frozenset({Role.OPERATOR}), "ops"),
        ]
    )
    app = FastAPI()
    add_pages(app, state, tokens, "", clock=clock)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://console.test") as client:
        refused = await client.post("/login", data={"token": "of-a-proxy"})
        assert (refused.status_code, "no token for these pages" in refused.text) == (403, True)
        assert (await client.post("/login", data={"token": "of-ops"})).status_code == 303
        assert (await client.get("/policy")).status_code == 200
    await state.close()


@pytest.mark.parametrize(
    ("scheme", "name", "secure"),
    [("http", "tidegate_session", False), ("https", "__Host-tidegate_session", True)],
)
async def test_over_tls_no_other_host_can_set_the_session(
    policy: Path, clock: Clock, scheme: str, name: str, secure: bool
) -> None:
    state = open_state(policy.parent / "control.sqlite", policy, clock)
    app = FastAPI()
    add_pages(app, state, Tokens([Token("of-ops", frozenset({Role.OPERATOR}), "ops")]), "", clock=clock)
    where = f"{scheme}://console.test"
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=where) as client:
        cookie = (await client.post("/login", data={"token": "of-ops"})).headers["set-cookie"]
        page = await client.get("/policy")
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        left = (await client.post("/logout", data={"csrf": csrf})).headers["set-cookie"]
    for each in (cookie, left):
        assert each.startswith(f"{name}=")
        assert ("; secure" in each.lower()) == secure
        assert {"httponly", "samesite=strict", "path=/"} <= set(each.lower().split("; "))
        assert "domain" not in each.lower()
    assert page.status_code == 200
    await state.close()
