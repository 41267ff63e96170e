"""The pipeline: a head and a snapshot in, a judgement or the bytes of an upstream request out.

Straight-line and free of I/O; every transport calls it. The order of rules is kernel.decide's.
"""

import re

import msgspec

from kernel.addresses import Address, client_of, identity_of_address
from kernel.decide import Facts, LimiterState, Verdicts, decide
from kernel.hashing import credential_digest
from kernel.matching import NO_ROUTE, Match
from kernel.snapshot import Principal, Snapshot
from proxy import headers
from proxy.head import RequestHead
from proxy.headers import GATEWAY
from proxy.prepared import Prepared, PreparedRoute

TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?").fullmatch
REQUEST_ID = re.compile(rb"[A-Za-z0-9._~:+/=@-]{1,128}").fullmatch
FORWARDED_NODE = re.compile(rb"[A-Za-z0-9._-]+").fullmatch
UNMATCHED = Match(NO_ROUTE, ())
NO_TRACE = b"0" * 32
NO_SPAN = b"0" * 16
LENGTH_OF_00 = 55  # characters of a traceparent of version 00
HEX = b"0123456789abcdef"
A_DIGIT = ord("a")
SPAN_BITS = 64
SPAN_MASK = (1 << SPAN_BITS) - 1


class Judgement(msgspec.Struct, frozen=True, gc=False):
    """Who asked what, and what was decided. `route` is None where no route takes the request."""

    match: Match
    route: PreparedRoute | None
    client: Address
    identity: str
    principal: Principal | None
    verdicts: Verdicts


class Origin:
    """What is remembered of one connection's peer, keyed to a snapshot."""

    __slots__ = (
        "consumer_line",
        "forwarded",
        "forwarded_for",
        "head",
        "identity",
        "key",
        "last",
        "match",
        "peer",
        "peer_name",
        "principal",
        "scheme",
        "snapshot",
        "trusted",
    )

    def __init__(self, peer: Address, scheme: bytes = b"http") -> None:
        self.peer = peer
        self.peer_name = peer.text.encode()
        self.scheme = scheme
        self.identity = identity_of_address(peer)
        self.snapshot: Snapshot | None = None
        self.trusted = False
        self.key: bytes | None = None
        self.principal: Principal | None = None
        self.consumer_line = b""
        self.forwarded_for: tuple[bytes, str] | None = None
        self.forwarded = b""
        self.head: RequestHead | None = None  # the last one judged, and its match
        self.match = UNMATCHED
        self.last: tuple[tuple[object, ...], Prepared, RequestHead] | None = None  # the adapter's

    def renew(self, snapshot: Snapshot) -> None:
        """Forget what another snapshot said."""
        self.snapshot = snapshot
        self.trusted = self.peer in snapshot.trusted
        self.key = self.principal = None
        self.consumer_line = b""
        self.forwarded_for = None
        self.head = None

    def authenticate(self, key: bytes, snapshot: Snapshot) -> Principal | None:
        """Who holds `key`."""
        if key != self.key:
            self.key = key
            self.principal = snapshot.credentials.get(credential_digest(key.strip(b" \t")))
            self.consumer_line = b"" if self.principal is None else consumer_line(self.principal)
        return self.principal


def judge(
    head: RequestHead, origin: Origin, prepared: Prepared, *, limiter: LimiterState, now: float
) -> Judgement:
    """Match, authenticate, decide. `now` is in seconds since 1970."""
    snapshot = prepared.snapshot
    if origin.snapshot is not snapshot:
        origin.renew(snapshot)
    noted = head.noted
    if origin.head is not head:
        origin.head = head
        origin.match = snapshot.matcher.match(head.host, head.path, head.method)
    match = origin.match
    client, identity = origin.peer, origin.identity
    if origin.trusted and headers.X_FORWARDED_FOR in noted:
        client = client_of(client, noted[headers.X_FORWARDED_FOR].decode("latin-1"), snapshot.trusted)
        identity = identity_of_address(client)
    principal = None
    key = noted.get(headers.API_KEY)
    if key is not None:
        principal = origin.principal if key == origin.key else origin.authenticate(key, snapshot)
        if principal is not None:
            if principal.expires_at > now:
                identity = principal.identity
            else:
                principal = None
    values: tuple[str, ...] = ()
    if snapshot.limit_headers:
        values = tuple(
            noted.get(headers.LIMIT + index, b"").decode("latin-1")
            for index in range(len(snapshot.limit_headers))
        )
    facts = Facts(
        match.route,
        client,
        identity,
        "none" if key is None else "invalid" if principal is None else "valid",
        principal,
        head.content_length,
        values,
    )
    verdicts = decide(facts, snapshot, limiter, now)
    route = prepared.routes[match.route] if match.route >= 0 else None
    return Judgement(match, route, client, identity, principal, verdicts)


def consumer_line(principal: Principal) -> bytes:
    """The field that tells the upstream who calls; names outside visible ASCII are not told."""
    name = principal.consumer
    return b"x-consumer: %b\r\n" % name.encode() if name.isascii() and name.isprintable() else b""


def continue_trace(noted: dict[int, bytes], bits: int) -> tuple[str, bytes]:
    """(trace id, fields for the upstream): a W3C trace continued, or begun, with a new span.

    `bits` are 192 random ones.
    """
    span = (bits | 1) & SPAN_MASK
    parent = noted.get(headers.TRACEPARENT)
    believed = None if parent is None else read_parent(parent)
    if believed is None:
        trace_id = b"%032x" % (bits >> SPAN_BITS)
        return trace_id.decode(), b"traceparent: 00-%b-%016x-01\r\n" % (trace_id, span)
    trace_id, flags = believed
    sampled = flags[1] & 1 if flags[1] < A_DIGIT else not flags[1] & 1
    line = b"traceparent: 00-%b-%016x-0%d\r\n" % (trace_id, span, sampled)
    state = noted.get(headers.TRACESTATE)
    if state is not None:
        line += b"tracestate: %b\r\n" % state
    return trace_id.decode(), line


def read_parent(parent: bytes) -> tuple[bytes, bytes] | None:
    """(trace id, flags) of a traceparent, or None where it is not to be continued.

    Version 00 is read without a regular expression: see plain_head.
    """
    if (
        len(parent) == LENGTH_OF_00
        and parent[:3] == b"00-"
        and parent[35:53:17] == b"--"
        and parent.translate(None, HEX) == b"---"
    ):
        trace_id, span, flags = parent[3:35], parent[36:52], parent[53:]
    else:
        found = TRACEPARENT(parent)
        if found is None or found[1] in (b"00", b"ff"):
            return None
        trace_id, span, flags = found[2], found[3], found[4]
    return None if trace_id == NO_TRACE or span == NO_SPAN else (trace_id, flags)


def request_id(noted: dict[int, bytes], origin: Origin, decision_id: bytes) -> bytes:
    """The id that both legs see: a trusted peer's own, else the decision id."""
    if origin.trusted:
        given = noted.get(headers.X_REQUEST_ID)
        if given is not None and REQUEST_ID(given) is not None:
            return given
    return decision_id


def forwarded_lines(head: RequestHead, origin: Origin) -> bytes:
    """Via, X-Forwarded-* and Forwarded; a client's own are dropped unless its network is trusted."""
    noted = head.noted
    if not origin.trusted and headers.VIA not in noted:
        memo = (head.authority, head.version)
        if origin.forwarded_for != memo:
            origin.forwarded_for = memo
            origin.forwarded = build_forwarded(head, origin, {})
        return origin.forwarded
    believed = noted if origin.trusted else {headers.VIA: noted[headers.VIA]}
    return build_forwarded(head, origin, believed)


def build_forwarded(head: RequestHead, origin: Origin, believed: dict[int, bytes]) -> bytes:
    """The lines, appended to those that are believed."""

    def after(code: int, value: bytes) -> bytes:
        before = believed.get(code)
        return value if not before else b"%b, %b" % (before, value)

    peer = origin.peer_name
    scheme = believed.get(headers.X_FORWARDED_PROTO, b"").lower()
    if scheme not in (b"http", b"https"):
        scheme = origin.scheme
    host = believed.get(headers.X_FORWARDED_HOST) or head.authority
    node = peer if origin.peer.version == 4 else b'"[%b]"' % peer
    quoted = host if FORWARDED_NODE(host) else b'"%b"' % host.replace(b"\\", b"").replace(b'"', b"")
    return (
        b"via: %b\r\nx-forwarded-for: %b\r\nx-forwarded-proto: %b\r\n"
        b"x-forwarded-host: %b\r\nforwarded: %b\r\n"
    ) % (
        after(headers.VIA, b"%b %b" % (head.version.encode(), GATEWAY)),
        after(headers.X_FORWARDED_FOR, peer),
        scheme,
        host,
        after(headers.FORWARDED, b"for=%b;host=%b;proto=%b" % (node, quoted, scheme)),
    )


def to_upstream(
    head: RequestHead, judged: Judgement, origin: Origin, *, trace: bytes, request_id: bytes
) -> bytes:
    """The head that the upstream sees; `trace` are the lines that continue the trace."""
    route = judged.route
    target = head.path.encode("ascii") + head.query if route is None else route.target(head.path, head.query)
    host = route.host_line if route is not None else b""
    parts = [
        b"%b %b HTTP/1.1\r\n" % (head.method.encode(), target),
        host or b"host: %b\r\n" % head.authority,
        *head.lines,
    ]
    if head.chunked:
        parts.append(b"transfer-encoding: chunked\r\n")
    elif head.content_length >= 0:
        parts.append(b"content-length: %d\r\n" % head.content_length)
    if head.expects_continue:
        parts.append(b"expect: 100-continue\r\n")
    hops = head.noted.get(headers.MAX_FORWARDS)
    if hops is not None:
        parts.append(max_forwards_line(head.method, hops))
    if judged.principal is not None:
        parts.append(origin.consumer_line)
    parts += (
        forwarded_lines(head, origin),
        trace,
        b"x-request-id: %b\r\n\r\n" % request_id,
    )
    return b"".join(parts)


def max_forwards_line(method: str, hops: bytes) -> bytes:
    """Max-Forwards one lower for OPTIONS (RFC 9110 section 7.6.2); other methods pass it on."""
    if method != "OPTIONS" or not hops.isdigit():
        return b"max-forwards: %b\r\n" % hops
    return b"max-forwards: %d\r\n" % max(0, int(hops[:9]) - 1)
