"""The pages on a real control application over a real warehouse, called in this process."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2

from console.control import create_app
from console.state import ControlState, open_state
from console.store import Clock
from console.tokens import ROLES_OF_TOKEN, Token, Tokens
from console.web.pages import add_pages
from tests.console.serving import TOKEN

HERE = "http://console.test"


class Browser:
    """Someone with a browser, signed in or not; forms are sent as browsers send them."""

    def __init__(self, client: httpx2.AsyncClient, state: ControlState) -> None:
        self.client = client
        self.state = state

    async def get(self, path: str, **fields: str) -> httpx2.Response:
        return await self.client.get(path, headers=fields)

    async def post(self, path: str, *, site: str = "same-origin", **form: str) -> httpx2.Response:
        return await self.client.post(path, data=form, headers={"Sec-Fetch-Site": site})

    async def sign_in(self) -> None:
        answered = await self.post("/login", token=TOKEN)
        assert answered.status_code == 303, answered.text

    async def csrf(self) -> str:
        page = (await self.get("/policy")).text
        return page.partition('name="csrf" value="')[2].partition('"')[0]


@contextlib.asynccontextmanager
async def browsing(policy: Path, warehouse: str, clock: Clock) -> AsyncIterator[Browser]:
    """A browser that is not signed in yet."""
    state = open_state(policy.parent / "control.sqlite", policy, clock)
    tokens = Tokens([Token(TOKEN, ROLES_OF_TOKEN["admin"], "admin")])
    app = create_app(state, tokens)
    add_pages(app, state, tokens, warehouse, clock=clock)
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HERE) as client:
            yield Browser(client, state)
    finally:
        await state.close()
