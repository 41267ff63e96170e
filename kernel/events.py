"""The request event: one row for each way in which a request can end.

`COLUMNS` is the one list that the proxy's sink, the warehouse's table and the
readers share; its order is the order of the tuple that the hot path builds
(a tuple costs 0.4 us to build, a dict 2.4 us).
"""

import enum
from typing import NamedTuple


class Outcome(enum.StrEnum):
    """How a request ended. Every request has exactly one final event with one of these."""

    COMPLETED = "completed"  # the upstream's response was relayed to its last byte
    ANSWERED = "answered"  # a Python handler behind the gateway (FastAPI) answered
    REFUSED = "refused"  # a rule of the policy refused it
    NO_ROUTE = "no_route"  # no route takes this host, path and method: 404 or 405
    BAD_REQUEST = "bad_request"  # malformed, ambiguous or over a cap of the head: 400, 431, 501, 505
    BODY_TOO_LARGE = "body_too_large"  # 413, by its declared or its streamed length
    HEAD_TIMEOUT = "head_timeout"  # the head did not end before its deadline: 408
    BODY_TIMEOUT = "body_timeout"  # the request body stalled: 408
    CLIENT_GONE_HEAD = "client_gone_head"  # hung up in the middle of the head
    CLIENT_GONE_BODY = "client_gone_body"  # hung up in the middle of the request body
    CLIENT_GONE_WAITING = "client_gone_waiting"  # hung up before the response began
    CLIENT_GONE_RESPONSE = "client_gone_response"  # hung up in the middle of the response
    CONNECT_FAILED = "connect_failed"  # no connection to the upstream: 502
    CONNECT_TIMEOUT = "connect_timeout"  # connecting took too long: 504
    FIRST_BYTE_TIMEOUT = "first_byte_timeout"  # the upstream did not begin to answer: 504
    RESPONSE_TIMEOUT = "response_timeout"  # the upstream's response stalled after it began
    TOTAL_TIMEOUT = "total_timeout"  # the whole exchange took too long
    UPSTREAM_RESET = "upstream_reset"  # closed before a whole response head: 502
    UPSTREAM_MALFORMED = "upstream_malformed"  # a response that no client may see: 502
    UPSTREAM_TRUNCATED = "upstream_truncated"  # closed in the middle of the response body
    DRAINED = "drained"  # cut when the drain's deadline passed
    CRASHED = "crashed"  # a bug of the gateway: 500 or a closed connection


class Column(NamedTuple):
    """A column of the raw table: its name, ClickHouse type and meaning.

    The Python value that each type takes in an `EventRow` (the fastest one that the Rust codec
    encodes, measured; anything else costs 10 to 600 ns more or makes the row unwritable, and
    an unwritable row is dropped and counted):

    - String, LowCardinality(String): `str` (bytes cost 70 ns more in LowCardinality)
    - Array(LowCardinality(String)): `tuple[str, ...]`; share `()` where empty
    - DateTime64(6): `int`, microseconds since 1970 (a float is refused)
    - IPv6: `str`, IPv4 as `10.0.0.1` (57 ns, stored as ::ffff:10.0.0.1) or IPv6 without a zone;
      `::` where there is none (an empty string is refused; 16 bytes cost 620 ns)
    - UInt*, Int*: `int` in range, never `bool` (12 ns more), IntEnum or IntFlag
    """

    name: str
    type: str
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("tenant", "LowCardinality(String)", "whose traffic; leads every ORDER BY"),
    Column("worker", "LowCardinality(String)", "name of the proxy worker"),
    Column("boot", "UInt64", "start of that worker's process, microseconds since 1970"),
    Column("seq", "UInt64", "number of the request within (worker, boot), from 1"),
    Column("interim", "UInt8", "1: the request goes on (open for 10 s or more); left out of counts"),
    Column("started_at", "DateTime64(6, 'UTC')", "first byte of the head"),
    Column("ended_at", "DateTime64(6, 'UTC')", "end of the exchange, or of an interim report"),
    Column("route", "LowCardinality(String)", "route's name; empty where none matched"),
    Column("method", "LowCardinality(String)", "a known method, else `_OTHER`"),
    Column("host", "LowCardinality(String)", "a host that the policy names, else empty"),
    Column("path", "String", "the route's template; empty where none matched"),
    Column("path_hash", "UInt64", "keyed hash of the normalised path"),
    Column("protocol", "LowCardinality(String)", "`1.0` or `1.1`"),
    Column("status", "UInt16", "status sent to the client; 0 where none was"),
    Column("outcome", "LowCardinality(String)", "how the request ended, see Outcome"),
    Column("decision", "LowCardinality(String)", "`allowed` or `refused`"),
    Column("rule", "LowCardinality(String)", "rule that refused"),
    Column("reason", "LowCardinality(String)", "why, see kernel.decide.Reason"),
    Column("would_refuse", "Array(LowCardinality(String))", "shadow rules that would have refused"),
    Column("revision", "LowCardinality(String)", "hash of the policy revision that judged it"),
    Column("overlay", "LowCardinality(String)", "adaptive overlay that set the tightest limit"),
    Column("limit", "LowCardinality(String)", "tightest enforced limit"),
    Column("limit_key", "UInt64", "keyed hash of that limit's key"),
    Column("limit_remaining", "Int32", "requests left in it; -1 where no limit applied"),
    Column("duration_us", "UInt64", "first byte of the head to the last byte sent"),
    Column("upstream_us", "UInt64", "ready to go to the upstream (it connects, or waits) to its last byte"),
    Column("ttfb_us", "UInt64", "ready to go to the upstream to its first byte"),
    Column("head_us", "UInt64", "time that the client took to send the head"),
    Column("body_us", "UInt64", "time that the client took to send the body"),
    Column("bytes_in", "UInt64", "request body bytes"),
    Column("bytes_out", "UInt64", "response body bytes sent to the client"),
    Column("client_ip", "IPv6", "client address as the policy's `telemetry.addresses` says"),
    Column("identity", "String", "whom limits are keyed by: `consumer:NAME` or `ip:ADDRESS`"),
    Column("identity_kind", "LowCardinality(String)", "`consumer` or `address`"),
    Column("consumer", "LowCardinality(String)", "authenticated consumer"),
    Column("plan", "LowCardinality(String)", "that consumer's plan"),
    Column("credential_hash", "UInt64", "first 8 bytes of the credential's SHA-256"),
    Column("user_agent", "LowCardinality(String)", "capped; `_OTHER` past the dictionary's cap"),
    Column("user_agent_hash", "UInt64", "keyed hash of the whole field"),
    Column("fingerprint", "UInt64", "keyed hash of the names and order of the header fields"),
    Column("upstream", "LowCardinality(String)", "upstream's name"),
    Column("trace_id", "String", "W3C trace id, 32 hex digits"),
    Column("retries", "UInt8", "further tries on a stale upstream connection"),
    Column("subject_hash", "UInt64", "keyed hash of the route's `signals.subject`; 0 where none"),
    Column("object_hash", "UInt64", "keyed hash of the route's `signals.object_id`; 0 where none"),
    Column("object_id", "Int64", "that object id where it is an integer; -1 where not"),
    Column("success", "Int8", "the route's `signals.success`: 1, 0, or -1 where undeclared"),
    Column("flags", "UInt32", "see Flag"),
)

# Filled by the warehouse, or by parts that are not built yet: in the table, not in the tuple.
DEFAULTED: tuple[Column, ...] = (
    Column("arrived_at", "DateTime64(6, 'UTC') DEFAULT now64(6)", "when the warehouse stored the row"),
    Column("cache", "LowCardinality(String) DEFAULT ''", "cache status"),
    Column("payload_flags", "UInt32 DEFAULT 0", "payload signals"),
    Column(
        "happened_at",
        "DateTime64(6, 'UTC') ALIAS least(ended_at, arrived_at + toIntervalSecond(2))",
        "the time that windows count: `ended_at`, at most 2 s after the arrival",
    ),
    Column(
        "clamped",
        "UInt8 ALIAS ended_at > arrived_at + toIntervalSecond(2)",
        "1: `ended_at` lay more than 2 s ahead of the warehouse's clock",
    ),
)

NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
TYPES: tuple[str, ...] = tuple(column.type for column in COLUMNS)
OTHER = "_OTHER"


class Flag(enum.IntFlag):
    """Bits of the column `flags`. Bit 1 is free: what the warehouse alone can tell is a column, `clamped`."""

    UPSTREAM_REUSED = 2  # sent on a kept-alive upstream connection
    EARLY_RESPONSE = 4  # the upstream answered before the request body ended
    ADAPTER = 8  # seen by the ASGI adapter, which does not see the wire
    HALF_CLOSED = 16  # the client closed its sending side before the response
    IMPORTED = 32  # loaded from an access log


EventRow = tuple[object, ...]


class LedgerRow(NamedTuple):
    """What one worker did with its events up to `through`, written every second.

    The counters are totals since boot; offered = stored + spooled + dropped + buffered.
    A crash leaves `buffered` behind, which its supervisor books as `dropped`.
    """

    tenant: str
    worker: str
    boot: int
    through: int  # microseconds since 1970: every event that ended before is accounted for
    written_at: int  # microseconds since 1970
    offered: int
    stored: int
    spooled: int
    dropped: int
    buffered: int
    open_requests: int
    slow_clients: tuple[str, ...]  # top addresses by open connections and unfinished messages
