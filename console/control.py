"""The control endpoint: proxies follow it, analytics sets overlays through it, operators pause it.

Bodies are JSON of the structs in kernel.control; errors are `application/problem+json`
(RFC 9457). Every call needs a bearer token; `/livez` alone does not.
"""

import sqlite3
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response

from console.facts import NotHeld, Objected, UnknownTenant
from console.state import ControlState
from console.tokens import Role, Tokens
from kernel.control import ANALYTICS, AskLease, LeaseAnswer, LoopAnswer, OverlaysInForce, PutOverlays, SetLoop

LONGEST_POLL_S = 60.0
LARGEST_BODY = 4 << 20
DEFAULT_POLL_S = 25.0

T = TypeVar("T")


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document."""

    title: str
    status: int
    detail: str
    reasons: tuple[str, ...] = ()


class Refused(Exception):
    """The call is answered by a problem document."""

    def __init__(self, status: int, title: str, detail: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.trouble = Trouble(title, status, detail, reasons)


def to_json(value: object) -> Response:
    """200 with a struct as JSON."""
    return Response(msgspec.json.encode(value), media_type="application/json")


def to_problem(trouble: Trouble) -> Response:
    """A problem document as a response."""
    headers = {"WWW-Authenticate": "Bearer"} if trouble.status == 401 else {}
    body = msgspec.json.encode(trouble)
    return Response(body, trouble.status, media_type="application/problem+json", headers=headers)


async def body_of(request: Request, kind: type[T]) -> T:
    """The request's body as `kind`. Raises Refused with 413 or 422."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > LARGEST_BODY:
            raise Refused(413, "body too large", f"at most {LARGEST_BODY} bytes are read")
    try:
        return msgspec.json.decode(bytes(chunks), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Refused(422, "malformed body", str(problem)) from problem


def needs(tokens: Tokens, role: Role) -> Callable[[Request], None]:
    """A dependency that lets `role` through."""

    def check(request: Request) -> None:
        roles = tokens.roles_of(request.headers.get("authorization", ""))
        if roles is None:
            raise Refused(
                401, "token missing or wrong", "send `Authorization: Bearer` with the control token"
            )
        if role not in roles:
            raise Refused(403, "not for this token", f"this call is for the role {role.value!r}")

    return check


def create_app(state: ControlState, tokens: Tokens) -> FastAPI:
    """The application."""
    app = FastAPI(title="Tidegate control", docs_url=None, redoc_url=None, openapi_url=None)
    add_error_handlers(app)
    proxy = Depends(needs(tokens, Role.PROXY))
    analytics = Depends(needs(tokens, Role.ANALYTICS))
    operator = Depends(needs(tokens, Role.OPERATOR))
    endpoints = Endpoints(state)
    app.add_api_route("/livez", endpoints.livez)
    app.add_api_route("/v1/follow", endpoints.follow, dependencies=[proxy])
    app.add_api_route("/v1/overlays", endpoints.put_overlays, methods=["PUT"], dependencies=[analytics])
    app.add_api_route("/v1/overlays", endpoints.get_overlays, dependencies=[operator])
    app.add_api_route("/v1/lease", endpoints.post_lease, methods=["POST"], dependencies=[analytics])
    app.add_api_route("/v1/loop", endpoints.get_loop, dependencies=[analytics])
    app.add_api_route("/v1/loop", endpoints.put_loop, methods=["PUT"], dependencies=[operator])
    app.add_api_route("/v1/status", endpoints.get_status, dependencies=[operator])
    return app


def add_error_handlers(app: FastAPI) -> None:
    """Facts that the state raises -> problem documents."""

    async def refused(_: Request, fact: Exception) -> Response:
        assert isinstance(fact, Refused)
        return to_problem(fact.trouble)

    async def not_held(_: Request, fact: Exception) -> Response:
        return to_problem(Trouble("lease not held", 409, str(fact)))

    async def objected(_: Request, fact: Exception) -> Response:
        assert isinstance(fact, Objected)
        return to_problem(Trouble("overlays not allowed by the policy", 422, str(fact), fact.reasons))

    async def unknown_tenant(_: Request, fact: Exception) -> Response:
        return to_problem(Trouble("unknown tenant", 404, str(fact)))

    async def store_failed(_: Request, fact: Exception) -> Response:
        return to_problem(Trouble("the store failed", 503, f"{fact}; nothing was changed"))

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(sqlite3.Error, store_failed)
    app.add_exception_handler(NotHeld, not_held)
    app.add_exception_handler(Objected, objected)
    app.add_exception_handler(UnknownTenant, unknown_tenant)


class Endpoints:
    """One method for each endpoint."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    async def livez(self) -> Response:
        """Alive."""
        return to_json({"ok": True})

    async def follow(
        self,
        request: Request,
        tenant: str = "default",
        revision: str = "",
        overlays: int = 0,
        timeout_s: Annotated[float, Query(ge=0, le=LONGEST_POLL_S)] = DEFAULT_POLL_S,
    ) -> Response:
        """Long poll: what is in force, as soon as it is not what the caller has."""
        self._state.require(tenant)
        peer = request.client
        unnamed = f"{peer.host}:{peer.port}" if peer else "unknown"
        name = request.query_params.get("proxy") or unnamed
        if name != ANALYTICS:
            await self._state.see(name[:200], revision, overlays)
        return to_json(await self._state.follow(revision, overlays, timeout_s))

    async def put_overlays(self, request: Request) -> Response:
        """Replace the tenant's overlays: the lease's holder only."""
        asked = await body_of(request, PutOverlays)
        self._state.require(asked.tenant)
        version = await self._state.put_overlays(asked.holder, asked.overlays)
        return to_json(OverlaysInForce(asked.tenant, version, self._state.in_force()))

    async def get_overlays(self, tenant: str = "default") -> Response:
        """The overlays in force."""
        self._state.require(tenant)
        return to_json(OverlaysInForce(tenant, self._state.overlays_version, self._state.in_force()))

    async def post_lease(self, request: Request) -> Response:
        """Take or renew the tenant's lease."""
        asked = await body_of(request, AskLease)
        self._state.require(asked.tenant)
        held, lease = await self._state.take_lease(asked.holder, asked.ttl_s)
        return to_json(LeaseAnswer(held, lease.holder, lease.expires_at))

    async def get_loop(self, tenant: str = "default") -> Response:
        """Whether automation is paused."""
        self._state.require(tenant)
        loop = self._state.loop()
        return to_json(LoopAnswer(tenant, loop.paused, loop.reason, loop.changed_at))

    async def put_loop(self, request: Request) -> Response:
        """Pause or resume."""
        asked = await body_of(request, SetLoop)
        self._state.require(asked.tenant)
        loop = await self._state.set_loop(paused=asked.paused, reason=asked.reason)
        return to_json(LoopAnswer(asked.tenant, loop.paused, loop.reason, loop.changed_at))

    async def get_status(self, tenant: str = "default") -> Response:
        """Everything that `tidegate status` shows of this endpoint."""
        self._state.require(tenant)
        return to_json(await self._state.status())
