"""The plain proxy that Tidegate is compared with: FastAPI in front, an httpx client behind."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI, Request
from starlette.background import BackgroundTask
from starlette.responses import StreamingResponse


def plain_app(upstream: str) -> FastAPI:
    """Relays everything to `upstream` (a URL), streaming the response."""
    client = httpx.AsyncClient(base_url=upstream, limits=httpx.Limits(max_connections=1000))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with client:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def relay(path: str, request: Request) -> StreamingResponse:
        forwarded = client.build_request(request.method, f"/{path}", content=await request.body())
        response = await client.send(forwarded, stream=True)
        return StreamingResponse(
            response.aiter_raw(), response.status_code, background=BackgroundTask(response.aclose)
        )

    return app


def main(port: int, upstream_port: int) -> None:
    """Serve until stopped."""
    app = plain_app(f"http://127.0.0.1:{upstream_port}")
    uvicorn.run(app, host="127.0.0.1", port=port, http="httptools", loop="uvloop", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
