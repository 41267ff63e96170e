"""The plain proxy relays: else its speed would mean nothing."""

import httpx2
from fastapi import FastAPI

from lab.bench.plain_proxy import plain_app


async def test_what_the_upstream_answers_comes_back() -> None:
    app = plain_app("http://127.0.0.1:1")
    assert isinstance(app, FastAPI)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://plain") as client:
        response = await client.get("/api/v1/items")
    assert response.status_code == 500  # nobody listens on port 1: it did try to relay
