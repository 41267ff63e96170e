"""The compiled form of a policy: immutable, indexed by route, ready for the hot path."""

import math
from typing import Literal, NamedTuple

import msgspec

from kernel.addresses import Networks
from kernel.limits import Quota
from kernel.matching import Matcher
from kernel.policy import Addresses, Auth, Policy, Timeouts

NEVER = math.inf


class Principal(NamedTuple):
    """Who was authenticated: built once per credential, not per request."""

    consumer: str
    plan: str
    identity: str
    credential_hash: int
    expires_at: float


class Personal(NamedTuple):
    """The quota that an overlay gives, until `expires_at` (seconds since 1970)."""

    quota: Quota
    overlay: str
    expires_at: float


class LimitPlan(msgspec.Struct, frozen=True, gc=False):
    """A limit as the hot path sees it. `enforced` is None for a canary: it depends on who asks."""

    name: str
    enforced: bool | None
    canary: float
    expires_at: float
    key: Literal["identity", "route", "global", "header"]
    header: int  # index into Snapshot.limit_headers, for key `header`
    quota: Quota
    everybody: Personal | None  # overlay for everybody
    personal: dict[str, Personal]  # overlays by identity


class AccessPlan(msgspec.Struct, frozen=True, gc=False):
    """An access rule as the hot path sees it."""

    name: str
    enforced: bool | None
    canary: float
    expires_at: float
    allow: bool
    networks: Networks


class UpstreamPlan(msgspec.Struct, frozen=True):
    """An upstream's address, parsed."""

    name: str
    host: str
    port: int
    authority: str  # value of the Host field
    prefix: str  # path of the URL, without a trailing slash
    keep_client_host: bool
    max_connections: int


class SignalPlan(msgspec.Struct, frozen=True):
    """Where subject and object are found: (`json` | `form` | `path`, name), or None."""

    subject: tuple[str, str] | None
    object_id: tuple[str, str] | None
    success: frozenset[int]


class RoutePlan(msgspec.Struct, frozen=True):
    """All that a request on this route needs; limits are chosen by the consumer's plan."""

    index: int
    name: str
    template: str
    host: str
    parameters: tuple[str, ...]
    upstream: UpstreamPlan
    auth: Auth
    access: tuple[AccessPlan, ...]
    limits: tuple[LimitPlan, ...]  # for who has no plan, and for plans without limits of their own
    limits_by_plan: dict[str, tuple[LimitPlan, ...]]
    max_body_bytes: int
    timeouts: Timeouts
    strip_prefix: str
    signals: SignalPlan | None


class Snapshot(msgspec.Struct, frozen=True):
    """A policy revision and the overlays on it, compiled.

    `revision` is 12 hex digits of the SHA-256 of the document's text.
    `credentials` maps the SHA-256 of a key to who holds it.
    """

    tenant: str
    revision: str
    policy: Policy
    matcher: Matcher
    routes: tuple[RoutePlan, ...]
    access: tuple[AccessPlan, ...]  # those for every route: they hold where no route takes a request, too
    credentials: dict[bytes, Principal]
    limit_headers: tuple[bytes, ...]  # lower case
    api_key_header: bytes  # lower case
    trusted: Networks
    addresses: Addresses
    keep_user_agent: bool
    timeouts: Timeouts
    hash_key: bytes
    overlays_version: int
