"""A warehouse that takes inserts and forgets them; every other question goes to the real one.

Where gateways are compared, two cores must do for load, upstream and gateway: storing 30,000 rows a
second beside them would measure the warehouse. The proxy's own cost of telemetry (building,
encoding, sending, the answer) stays in the measurement; what storing costs is measured apart.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import uvicorn
from fastapi import FastAPI, Request, Response

SUMMARY = {"X-ClickHouse-Summary": "{}", "X-ClickHouse-Query-Id": "forgotten"}
# The answer comes as it is: lengths and codings are this server's own.
FRAMING = {"content-length", "content-encoding", "transfer-encoding", "connection", "date", "server"}


def forgetful(warehouse: str) -> FastAPI:
    """An app in front of the warehouse at a URL."""
    client = httpx2.AsyncClient(base_url=warehouse, timeout=30)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def answer(path: str, request: Request) -> Response:
        body = await request.body()
        question = request.query_params.get("query", "").encode() or body[:20]
        if question.lstrip()[:6].upper() == b"INSERT":
            return Response(headers=SUMMARY)
        asked = dict(request.headers) | {"accept-encoding": "identity"}
        told = await client.request(
            request.method, f"/{path}?{request.url.query}", content=body, headers=asked
        )
        headers = {name: value for name, value in told.headers.items() if name.lower() not in FRAMING}
        return Response(told.content, told.status_code, headers)

    return app


def main(port: int, warehouse: str) -> None:
    """Serve until stopped."""
    app = forgetful(warehouse)
    uvicorn.run(app, host="127.0.0.1", port=port, http="httptools", loop="uvloop", log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
