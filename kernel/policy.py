"""The policy as a value: what an operator writes, typed, before it is compiled.

Every field is documented in docs/policy.md; a test compares the two.
Names are unique within their list; limits and access rules share one. `routes:` and `plans:` of a
rule say where it applies; a rule without them applies everywhere.
"""

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
RATE_SECONDS = {"s": 1.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
RATE_FORM = r"^([0-9]{1,12}(?:\.[0-9]{1,9})?)/(s|min|h|d)$"
# Above this the float of a wall clock (0.24 us apart) cannot tell two requests of a bucket apart.
FASTEST_RATE = 100_000.0
# requests per second; written `10/s`, `600/min`, `1000/h`, `5000/d`
Rate = Annotated[float, Meta(gt=0, le=FASTEST_RATE, extra_json_schema={"pattern": RATE_FORM})]
# Printable ASCII without quotes and backslash: names stand in header fields.
NAME_FORM = r"^[A-Za-z0-9_](?:[ !#-\[\]-~]{0,98}[!#-\[\]-~])?$"
DIGEST_FORM = r"^[0-9a-fA-F]{64}$"
Name = Annotated[str, Meta(pattern=NAME_FORM)]
Digest = Annotated[str, Meta(pattern=DIGEST_FORM)]
Method = Annotated[str, Meta(extra_json_schema={"enum": list(METHODS)})]
Template = Annotated[str, Meta(pattern="^/")]
Url = Annotated[str, Meta(pattern="^http://")]
Share = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[int, Meta(gt=0, le=86_400_000)]
Bytes = Annotated[int, Meta(ge=0, le=1 << 40)]
Burst = Annotated[int, Meta(ge=1, le=1_000_000_000)]  # telemetry keeps what is left in 32 bits
Connections = Annotated[int, Meta(ge=1, le=65_535)]
ConnectionCap = Annotated[int, Meta(ge=0, le=1_000_000)]  # 0: none
Status = Annotated[int, Meta(ge=100, le=599)]
Instant = Annotated[dt.datetime, Meta(tz=True)]  # RFC 3339 with an offset
Mode = Literal["off", "shadow", "canary", "enforce"]
Access = Literal["allow", "deny"]
Auth = Literal["none", "optional", "required"]
Addresses = Literal["raw", "truncated", "keyed"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every policy type: immutable, unknown fields are errors."""


class Timeouts(Strict, frozen=True, kw_only=True):
    """Deadlines in milliseconds."""

    head_ms: Milliseconds = 10_000
    body_idle_ms: Milliseconds = 15_000
    connect_ms: Milliseconds = 2_000
    first_byte_ms: Milliseconds = 30_000
    idle_ms: Milliseconds = 30_000
    total_ms: Milliseconds = 300_000
    keep_alive_ms: Milliseconds = 75_000


class Upstream(Strict, frozen=True, kw_only=True):
    """A server that requests are relayed to."""

    name: Name
    url: Url  # http://HOST:PORT
    timeouts: Timeouts | None = None  # where set, replaces the policy's
    max_connections: Connections = 1_024
    host: Literal["upstream", "client"] = "upstream"  # whose Host field the upstream sees


class Signals(Strict, frozen=True, kw_only=True):
    """Where a route's subject, object and success are found: kept as keyed hashes only."""

    subject: str | None = None  # `json:user.name`, `form:user`, `path:id`
    object_id: str | None = None  # the same forms
    success: tuple[Status, ...] = ()  # statuses that mean success


class Route(Strict, frozen=True, kw_only=True):
    """Requests that go to one upstream.

    `path` is a template by segments: `/orders/{id}` takes one segment, a last `*` takes the rest.
    A literal beats a parameter beats the rest; then host, then method decide.
    """

    name: Name
    path: Template
    upstream: Name
    host: str | None = None
    methods: tuple[Method, ...] = ()  # empty: every method
    auth: Auth = "optional"
    strip_prefix: Template | None = None  # taken off the path before it is forwarded
    max_body_bytes: Bytes | None = None
    timeouts: Timeouts | None = None
    signals: Signals | None = None


class Key(Strict, frozen=True, kw_only=True):
    """An API key: the SHA-256 of its text, never the text. `tidegate keys create` makes one."""

    sha256: Digest
    name: str = ""
    expires_at: Instant | None = None


class Consumer(Strict, frozen=True, kw_only=True):
    """Who calls: a name, a plan, and the keys that prove it."""

    name: Name
    plan: Name | None = None
    keys: tuple[Key, ...] = ()


class Plan(Strict, frozen=True, kw_only=True):
    """A class of consumers that limits can be given to."""

    name: Name


class Adaptive(Strict, frozen=True, kw_only=True):
    """The range within which analytics may set a limit's rate."""

    floor: Rate
    ceiling: Rate


class Rule(Strict, frozen=True, kw_only=True):
    """What every rule has: a name, a mode, an expiry, and where it applies."""

    name: Name
    mode: Mode = "enforce"
    canary: Share = 0.0  # share of identities, 0 to 1, for mode `canary`
    expires_at: Instant | None = None
    routes: tuple[Name, ...] = ()
    reason: str = ""


class HeaderKey(Strict, frozen=True, kw_only=True):
    """A limit keyed by the value of a request header."""

    header: str


class Limit(Rule, frozen=True, kw_only=True):
    """A token bucket (GCRA): `burst` requests at once, refilled at `rate`."""

    key: Literal["identity", "route", "global"] | HeaderKey = "identity"
    rate: Rate
    burst: Burst
    plans: tuple[Name, ...] = ()
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

    tenant: Name = "default"
    upstreams: tuple[Upstream, ...]
    routes: tuple[Route, ...]
    consumers: tuple[Consumer, ...] = ()
    plans: tuple[Plan, ...] = ()
    limits: tuple[Limit, ...] = ()
    access: tuple[AccessRule, ...] = ()
    telemetry: Telemetry = Telemetry()
    timeouts: Timeouts = Timeouts()
    max_body_bytes: Bytes = 10_485_760
    max_connections_per_address: ConnectionCap = 1_024  # of clients, at each worker
    trusted_proxies: tuple[str, ...] = ()
    allow_list: tuple[str, ...] = ()  # identities or networks that automation leaves alone
    api_key_header: str = "X-Api-Key"
