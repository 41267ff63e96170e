"""The control protocol: what the control endpoint is asked and what it answers. Bodies are JSON of these.

Proxies follow it, analytics sets overlays through it, operators pause it. Pure.
"""

from typing import Annotated

import msgspec

from kernel.findings import Overlay

LONGEST_LEASE_S = 300.0
ANALYTICS = "analytics"  # as whom analytics follows; it is no proxy, and not among those seen


class Following(msgspec.Struct, frozen=True):
    """Answer of GET /v1/follow: what a proxy that follows should run.

    `policy` is the YAML text, or empty where the proxy's revision is current.
    """

    tenant: str
    revision: str
    policy: str
    overlays_version: int
    overlays: tuple[Overlay, ...]


class Lease(msgspec.Struct, frozen=True):
    """Who may set overlays, until when (seconds since 1970). No holder: nobody."""

    holder: str
    expires_at: float


class Loop(msgspec.Struct, frozen=True):
    """Whether automation is paused, why and since when."""

    paused: bool
    reason: str
    changed_at: float


class SeenProxy(msgspec.Struct, frozen=True):
    """A proxy worker that follows this endpoint, and what it said it runs."""

    name: str
    revision: str
    overlays_version: int
    seen_at: float


class Status(msgspec.Struct, frozen=True):
    """What the endpoint knows. `refused_policy`: why the file as it is now is not in force."""

    tenant: str
    revision: str
    policy_file: str
    refused_policy: tuple[str, ...]
    warnings: tuple[str, ...]
    overlays_version: int
    overlays: tuple[Overlay, ...]
    lease: Lease
    loop: Loop
    proxies: tuple[SeenProxy, ...]
    now: float


class PutOverlays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /v1/overlays."""

    tenant: str
    holder: str
    overlays: tuple[Overlay, ...]


class OverlaysInForce(msgspec.Struct, frozen=True):
    """Answer of PUT and GET /v1/overlays."""

    tenant: str
    overlays_version: int
    overlays: tuple[Overlay, ...]


class AskLease(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/lease."""

    tenant: str
    holder: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    ttl_s: Annotated[float, msgspec.Meta(gt=0, le=LONGEST_LEASE_S)]


class LeaseAnswer(msgspec.Struct, frozen=True):
    """Answer of POST /v1/lease: `held` by who asked, or by whom until when."""

    held: bool
    holder: str
    expires_at: float


class SetLoop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /v1/loop."""

    tenant: str
    paused: bool
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class LoopAnswer(msgspec.Struct, frozen=True):
    """Answer of GET and PUT /v1/loop."""

    tenant: str
    paused: bool
    reason: str
    changed_at: float
