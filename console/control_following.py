"""Calls of the control API about what is in force: following it, overlays, the lease, the loop."""

from typing import Annotated

from fastapi import Query, Request, Response

from console.answers import body_of, to_json
from console.calls import READERS, Call, author_of
from console.state import ControlState
from console.tokens import Role
from kernel.control import (
    ANALYTICS,
    AskLease,
    Following,
    LeaseAnswer,
    LoopAnswer,
    OverlaysInForce,
    PutOverlays,
    SetLoop,
    Status,
)

LONGEST_POLL_S = 60.0
DEFAULT_POLL_S = 25.0
GREATEST = 1 << 62  # of a version: what SQLite can hold


class FollowingCalls:
    """One method for each call."""

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
        overlays: Annotated[int, Query(ge=-GREATEST, le=GREATEST)] = 0,
        timeout_s: Annotated[float, Query(ge=0, le=LONGEST_POLL_S)] = DEFAULT_POLL_S,
    ) -> Response:
        """Long poll: what is in force, as soon as it is not what the caller has.

        `runs`: the revision that the caller judges by, where it refused `revision`.
        """
        self._state.require(tenant)
        peer = request.client
        unnamed = f"{peer.host}:{peer.port}" if peer else "unknown"
        name = request.query_params.get("proxy") or unnamed
        if name != ANALYTICS:
            runs = request.query_params.get("runs", revision)
            self._state.see(name[:200], runs, overlays)
        return to_json(await self._state.follow(revision, overlays, timeout_s))

    async def put_overlays(self, request: Request) -> Response:
        """Replace the tenant's overlays: the lease's holder only."""
        asked = await body_of(request, PutOverlays)
        self._state.require(asked.tenant)
        author = author_of(request)
        version = await self._state.put_overlays(asked.holder, asked.overlays, author=author)
        return to_json(OverlaysInForce(asked.tenant, version, self._state.in_force()))

    async def get_overlays(self, tenant: str = "default") -> Response:
        """The overlays in force."""
        self._state.require(tenant)
        return to_json(OverlaysInForce(tenant, self._state.overlays_version, self._state.in_force()))

    async def post_lease(self, request: Request) -> Response:
        """Take or renew the tenant's lease."""
        asked = await body_of(request, AskLease)
        self._state.require(asked.tenant)
        held, lease = await self._state.take_lease(asked.holder, asked.ttl_s, author=author_of(request))
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
        author = author_of(request)
        loop = await self._state.set_loop(paused=asked.paused, reason=asked.reason, author=author)
        return to_json(LoopAnswer(asked.tenant, loop.paused, loop.reason, loop.changed_at))

    async def get_status(self, tenant: str = "default") -> Response:
        """Everything that `tidegate status` shows of this endpoint."""
        self._state.require(tenant)
        return to_json(await self._state.status())


def following_calls(state: ControlState) -> tuple[Call, ...]:
    """The calls and who may make them."""
    to = FollowingCalls(state)
    return (
        Call("GET", "/livez", to.livez, ()),
        Call("GET", "/v1/follow", to.follow, (Role.PROXY, Role.ANALYTICS), Following),
        Call("PUT", "/v1/overlays", to.put_overlays, (Role.ANALYTICS,), OverlaysInForce, PutOverlays),
        Call("GET", "/v1/overlays", to.get_overlays, READERS, OverlaysInForce),
        Call("POST", "/v1/lease", to.post_lease, (Role.ANALYTICS,), LeaseAnswer, AskLease),
        Call("GET", "/v1/loop", to.get_loop, READERS, LoopAnswer),
        Call("PUT", "/v1/loop", to.put_loop, (Role.OPERATOR,), LoopAnswer, SetLoop),
        Call("GET", "/v1/status", to.get_status, READERS, Status),
    )
