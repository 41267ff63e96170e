"""What a snapshot's hot path needs as bytes and seconds, worked out once per snapshot."""

import math
from typing import Generic, TypeVar

import msgspec

from kernel.limits import Quota
from kernel.policy import Timeouts
from kernel.snapshot import RoutePlan, Snapshot
from proxy.headers import Codes, request_codes
from proxy.plain_head import Fields
from proxy.upstream import Pool

MOST_REMEMBERED = 4_096
INTERIM_S = 10.0  # exchanges that are open for longer are reported while they last
KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Memo(dict[KeyT, ValueT], Generic[KeyT, ValueT]):
    """A bounded memo: full, it forgets everything (cheaper than to know what was used last)."""

    __slots__ = ()

    def keep(self, key: KeyT, value: ValueT) -> ValueT:
        """Remember and return `value`."""
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[key] = value
        return value


class Deadlines(msgspec.Struct, frozen=True, gc=False):
    """Timeouts in seconds; `first_visit_s` is the soonest of those that need a look without news."""

    connect_s: float
    first_byte_s: float
    idle_s: float
    body_idle_s: float
    total_s: float
    first_visit_s: float


def to_deadlines(times: Timeouts) -> Deadlines:
    """Milliseconds to seconds."""
    soonest = min(times.first_byte_ms, times.body_idle_ms, times.total_ms) / 1e3
    return Deadlines(
        times.connect_ms / 1e3,
        times.first_byte_ms / 1e3,
        times.idle_ms / 1e3,
        times.body_idle_ms / 1e3,
        times.total_ms / 1e3,
        min(soonest, INTERIM_S),
    )


class PreparedRoute:
    """A route's plan with its deadlines in seconds and the constant bytes of its upstream requests."""

    __slots__ = (
        "collects_body",
        "deadlines",
        "host_line",
        "names",
        "plan",
        "pool",
        "prefix",
        "strip_bytes",
        "strip_prefix",
    )

    def __init__(self, plan: RoutePlan) -> None:
        self.plan = plan
        self.names = (plan.name, plan.template, plan.upstream.name)
        self.pool: Pool | None = None  # the transport's, once it was asked for
        self.deadlines = to_deadlines(plan.timeouts)
        upstream = plan.upstream
        self.host_line = b"" if upstream.keep_client_host else b"host: %b\r\n" % upstream.authority.encode()
        self.prefix = upstream.prefix.encode()
        self.strip_prefix = plan.strip_prefix
        self.strip_bytes = len(plan.strip_prefix)
        signals = plan.signals
        self.collects_body = signals is not None and any(
            source is not None and source[0] in ("json", "form")
            for source in (signals.subject, signals.object_id)
        )

    def target(self, path: str, query: bytes) -> bytes:
        """The request target that the upstream sees."""
        if self.strip_bytes and (path == self.strip_prefix or path.startswith(self.strip_prefix + "/")):
            path = path[self.strip_bytes :] or "/"
        return self.prefix + path.encode("ascii") + query


class Prepared:
    """A snapshot and what was worked out for it."""

    __slots__ = (
        "addresses",
        "codes",
        "deadlines",
        "fields",
        "fingerprints",
        "head_s",
        "hosts",
        "keep_alive_s",
        "limit_fields",
        "limit_keys",
        "path_hashes",
        "routes",
        "snapshot",
    )

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.codes: Codes = request_codes(snapshot.api_key_header, snapshot.limit_headers)
        self.fields = Fields(self.codes)
        self.routes = tuple(PreparedRoute(plan) for plan in snapshot.routes)
        self.hosts = frozenset(plan.host for plan in snapshot.routes if plan.host)
        self.deadlines = to_deadlines(snapshot.timeouts)
        self.head_s = snapshot.timeouts.head_ms / 1e3
        self.keep_alive_s = snapshot.timeouts.keep_alive_ms / 1e3
        self.path_hashes: Memo[str, int] = Memo()
        self.fingerprints: Memo[bytes, int] = Memo()
        self.limit_keys: Memo[str, int] = Memo()
        self.addresses: Memo[str, tuple[str, str]] = Memo()
        self.limit_fields: Memo[tuple[str, Quota], tuple[bytes, bytes]] = Memo()

    def limit_field(self, name: str, quota: Quota) -> tuple[bytes, bytes]:
        """(item of RateLimit-Policy, name as a structured string) of a limit."""
        known = self.limit_fields.get((name, quota))
        if known is not None:
            return known
        quoted = b'"%b"' % name.replace("\\", "\\\\").replace('"', '\\"').encode("ascii", "replace")
        window_s = math.ceil(quota.burst / quota.rate)
        item = b"%b;q=%d;w=%d" % (quoted, quota.burst, window_s)
        return self.limit_fields.keep((name, quota), (item, quoted))
