"""The plain proxy relays: else its speed would mean nothing."""

import random

import httpx2
from fastapi import FastAPI

from lab.bench.plain_proxy import plain_app
from lab.echo import Echo
from tests.lab.serving import serving_protocol


async def status_through(app: FastAPI) -> int:
    """Status of one request through the app, which is started and ended as a server does it."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://plain") as client,
    ):
        return (await client.get("/api/v1/items")).status_code


async def test_what_the_upstream_answers_comes_back() -> None:
    async with serving_protocol(lambda: Echo(random.Random(1))) as place:
        assert await status_through(plain_app(f"http://{place.host}:{place.port}")) == 200


async def test_an_upstream_that_is_away_is_an_error() -> None:
    app = plain_app("http://127.0.0.1:1")
    assert isinstance(app, FastAPI)
    assert await status_through(app) == 500
