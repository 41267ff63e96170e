"""The policy as a value: what an operator writes, typed, before it is compiled.

Every field is documented in docs/policy.md; a test compares the two.
Names are unique within their list. `routes:` and `plans:` of a rule say where it applies;
a rule without them applies everywhere.
"""

import datetime as dt
from typing import Literal

import msgspec

Rate = float  # requests per second; written `10/s`, `600/min`, `1000/h`, `5000/d`
Mode = Literal["off", "shadow", "canary", "enforce"]
Access = Literal["allow", "deny"]
Auth = Literal["none", "optional", "required"]
Addresses = Literal["raw", "truncated", "keyed"]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every policy type: immutable, unknown fields are errors."""


class Timeouts(Strict, frozen=True, kw_only=True):
    """Deadlines in milliseconds."""

    head_ms: int = 10_000
    body_idle_ms: int = 15_000
    connect_ms: int = 2_000
    first_byte_ms: int = 30_000
    idle_ms: int = 30_000
    total_ms: int = 300_000
    keep_alive_ms: int = 75_000


class Upstream(Strict, frozen=True, kw_only=True):
    """A server that requests are relayed to."""

    name: str
    url: str  # http://HOST:PORT
    timeouts: Timeouts | None = None  # where set, replaces the policy's
    max_connections: int = 1_024
    host: Literal["upstream", "client"] = "upstream"  # whose Host field the upstream sees


class Signals(Strict, frozen=True, kw_only=True):
    """Where a route's subject, object and success are found: kept as keyed hashes only."""

    subject: str | None = None  # `json:user.name`, `form:user`, `path:id`
    object_id: str | None = None  # the same forms
    success: tuple[int, ...] = ()  # statuses that mean success


class Route(Strict, frozen=True, kw_only=True):
    """Requests that go to one upstream.

    `path` is a template by segments: `/orders/{id}` takes one segment, a last `*` takes the rest.
    A literal beats a parameter beats the rest; then host, then method decide.
    """

    name: str
    path: str
    upstream: str
    host: str | None = None
    methods: tuple[str, ...] = ()  # empty: every method
    auth: Auth = "optional"
    strip_prefix: str | None = None  # taken off the path before it is forwarded
    max_body_bytes: int | None = None
    timeouts: Timeouts | None = None
    signals: Signals | None = None


class Key(Strict, frozen=True, kw_only=True):
    """An API key: the SHA-256 of its text, never the text. `tidegate keys create` makes one."""

    sha256: str
    name: str = ""
    expires_at: dt.datetime | None = None


class Consumer(Strict, frozen=True, kw_only=True):
    """Who calls: a name, a plan, and the keys that prove it."""

    name: str
    plan: str | None = None
    keys: tuple[Key, ...] = ()


class Plan(Strict, frozen=True, kw_only=True):
    """A class of consumers that limits can be given to."""

    name: str


class Adaptive(Strict, frozen=True, kw_only=True):
    """The range within which analytics may set a limit's rate."""

    floor: Rate
    ceiling: Rate


class Rule(Strict, frozen=True, kw_only=True):
    """What every rule has: a name, a mode, an expiry, and where it applies."""

    name: str
    mode: Mode = "enforce"
    canary: float = 0.0  # share of identities, 0 to 1, for mode `canary`
    expires_at: dt.datetime | None = None
    routes: tuple[str, ...] = ()
    reason: str = ""


class HeaderKey(Strict, frozen=True, kw_only=True):
    """A limit keyed by the value of a request header."""

    header: str


class Limit(Rule, frozen=True, kw_only=True):
    """A token bucket (GCRA): `burst` requests at once, refilled at `rate`."""

    key: Literal["identity", "route", "global"] | HeaderKey = "identity"
    rate: Rate
    burst: int
    plans: tuple[str, ...] = ()
    adaptive: Adaptive | None = None


class AccessRule(Rule, frozen=True, kw_only=True):
    """Allow or deny by network. Rules are tried in order; the first that matches decides."""

    action: Access
    networks: tuple[str, ...]


class Telemetry(Strict, frozen=True, kw_only=True):
    """What a request event may hold."""

    addresses: Addresses = "raw"
    user_agent: bool = True


class Policy(Strict, frozen=True, kw_only=True):
    """The whole document."""

    tenant: str = "default"
    upstreams: tuple[Upstream, ...]
    routes: tuple[Route, ...]
    consumers: tuple[Consumer, ...] = ()
    plans: tuple[Plan, ...] = ()
    limits: tuple[Limit, ...] = ()
    access: tuple[AccessRule, ...] = ()
    telemetry: Telemetry = Telemetry()
    timeouts: Timeouts = Timeouts()
    max_body_bytes: int = 10_485_760
    trusted_proxies: tuple[str, ...] = ()
    allow_list: tuple[str, ...] = ()  # identities or networks that automation leaves alone
    api_key_header: str = "X-Api-Key"
