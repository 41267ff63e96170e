"""The management endpoints, a FastAPI app on a port of its own: /livez, /readyz, /metrics, /policy.

/livez and /readyz are open, because probes carry no token; what tells of traffic and policy needs
`Authorization: Bearer` with TIDEGATE_MANAGE_TOKEN.
"""

import hmac
import logging
from pathlib import Path
from typing import Annotated, Protocol

import msgspec
from fastapi import Depends, FastAPI, HTTPException, Request, Response

from kernel.findings import Overlay
from kernel.readiness import Readiness
from proxy.gateway import Gateway
from proxy.holder import Refused
from proxy.metrics import CONTENT_TYPE, exposition, families_of
from proxy.settings import kept_secret

log = logging.getLogger("tidegate.proxy")

TOKEN_FILE = "manage-token"  # noqa: S105  # the name of a file
JSON = "application/json"


class PolicyState(msgspec.Struct, frozen=True):
    """What /policy tells of one worker; times are seconds since 1970."""

    worker: str
    revision: str
    source: str
    applied_at: float
    overlays_version: int
    overlays: tuple[Overlay, ...]
    refused: Refused | None


class Subject(Protocol):
    """Who is asked: one worker, or the supervisor of several."""

    async def readiness(self) -> Readiness:
        """Whether new connections are welcome."""

    async def metrics(self) -> bytes:
        """Prometheus text."""

    async def policies(self) -> tuple[PolicyState, ...]:
        """What each worker has in force."""


class Worker:
    """One worker, as management sees it."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    async def readiness(self) -> Readiness:
        """Ready with a policy in force and no drain begun."""
        gateway = self.gateway
        totals = gateway.sink.writer.totals()
        return Readiness(
            ready=gateway.is_ready,
            draining=gateway.draining,
            revision=gateway.holder.snapshot.revision,
            overlays_version=gateway.holder.overlays_version,
            queue_depth=totals.buffered + totals.spooled,
        )

    async def metrics(self) -> bytes:
        """This worker's families."""
        return exposition(families_of(self.gateway))

    async def policies(self) -> tuple[PolicyState, ...]:
        """This worker's policy; overlays past their expiry hold no longer and are left out."""
        holder, now = self.gateway.holder, self.gateway.clock()
        state = PolicyState(
            worker=self.gateway.sink.worker,
            revision=holder.snapshot.revision,
            source=holder.source,
            applied_at=holder.applied_at,
            overlays_version=holder.overlays_version,
            overlays=tuple(overlay for overlay in holder.overlays if overlay.expires_at > now),
            refused=holder.refused,
        )
        return (state,)


def management_app(subject: Subject, token: str) -> FastAPI:
    """The four endpoints over a subject."""
    app = FastAPI(title="Tidegate management", docs_url=None, redoc_url=None, openapi_url=None)

    def authorised(request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {token}".encode()):
            raise HTTPException(401, "this needs `Authorization: Bearer TIDEGATE_MANAGE_TOKEN`")

    Authorised = Annotated[None, Depends(authorised)]  # noqa: N806  # a type

    @app.get("/livez")
    async def livez() -> Response:
        return Response(b'{"alive":true}', media_type=JSON)

    @app.get("/readyz")
    async def readyz() -> Response:
        readiness = await subject.readiness()
        return Response(msgspec.json.encode(readiness), 200 if readiness.ready else 503, media_type=JSON)

    @app.get("/metrics")
    async def metrics(_: Authorised) -> Response:
        return Response(await subject.metrics(), media_type=CONTENT_TYPE)

    @app.get("/policy")
    async def policy(_: Authorised) -> Response:
        return Response(msgspec.json.encode(await subject.policies()), media_type=JSON)

    return app


def manage_token(given: str, directory: Path) -> str:
    """The token that the environment gives, else one kept in the data directory; its path is told."""
    if given:
        return given
    path = directory / TOKEN_FILE
    token, is_new = kept_secret(path)
    log.info(
        "TIDEGATE_MANAGE_TOKEN is not set; the management token is %s in %s",
        "new" if is_new else "kept",
        path,
    )
    return token
