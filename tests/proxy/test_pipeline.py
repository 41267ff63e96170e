"""Judging without a wire: who asks, what was decided, what the upstream is told."""

from kernel.addresses import parse_address
from kernel.decide import LimiterState, Reason
from kernel.snapshot import NEVER, Principal
from proxy.head import Hosts, read_head
from proxy.pipeline import Judgement, Origin, consumer_line, continue_trace, judge, to_upstream
from proxy.prepared import Prepared
from tests.proxy.fakes import API_KEY, policy_text, request, snapshot_of

PREPARED = Prepared(snapshot_of(policy_text(9_000)))
TRUSTING = Prepared(snapshot_of(policy_text(9_000, extra='trusted_proxies: ["10.0.0.0/8"]\n')))


def origin(text: str = "10.0.0.1") -> Origin:
    address = parse_address(text)
    assert address is not None
    return Origin(address)


def judged(
    peer: Origin, target: str, fields: str = "", prepared: Prepared = PREPARED, now: float = 1_000.0
) -> Judgement:
    state: LimiterState = {}
    head = read_head(request(target, fields=fields), prepared.codes, Hosts())
    return judge(head, peer, prepared, limiter=state, now=now)


def test_the_client_is_the_peer_unless_the_peer_is_trusted() -> None:
    field = "X-Forwarded-For: 9.9.9.9, 8.8.8.8\r\n"
    assert judged(origin(), "/shop/a", field).identity == "ip:10.0.0.1"
    assert judged(origin(), "/shop/a", field, TRUSTING).identity == "ip:8.8.8.8"
    assert judged(origin("11.0.0.1"), "/shop/a", field, TRUSTING).identity == "ip:11.0.0.1"


def test_an_ipv6_client_is_its_site() -> None:
    assert judged(origin("2001:db8::1:2"), "/shop/a").identity == "ip:2001:db8::/64"


def test_what_is_remembered_of_a_peer_ends_with_the_snapshot() -> None:
    peer = origin()
    key = f"X-Api-Key: {API_KEY}\r\n"
    assert judged(peer, "/closed/a", key).identity == "consumer:anna"
    without = Prepared(snapshot_of(policy_text(9_000).replace("anna", "bert")))
    assert judged(peer, "/closed/a", key, without).identity == "consumer:bert"


def test_an_expired_key_is_invalid() -> None:
    text = policy_text(9_000).replace("}]}", ", expires_at: 1970-01-01T00:20:00Z}]}", 1)
    prepared = Prepared(snapshot_of(text))
    key = f"X-Api-Key: {API_KEY}\r\n"
    peer = origin()
    assert not judged(peer, "/closed/a", key, prepared, now=1_199.0).verdicts.reason
    assert judged(peer, "/closed/a", key, prepared, now=1_200.0).verdicts.reason == Reason.CREDENTIAL_INVALID


def test_a_name_that_is_no_field_value_is_not_told() -> None:
    assert consumer_line(Principal("anna b", "", "", 0, NEVER)) == b"x-consumer: anna b\r\n"
    assert consumer_line(Principal("a\r\nHost: x", "", "", 0, NEVER)) == b""
    assert consumer_line(Principal("ä", "", "", 0, NEVER)) == b""


def test_a_new_trace_is_never_zero() -> None:
    trace_id, line = continue_trace({}, 0)
    assert line == b"traceparent: 00-" + trace_id.encode() + b"-0000000000000001-01\r\n"


def test_the_upstreams_head_is_put_together() -> None:
    head = read_head(request("/shop/a?q=1", "POST", "A: b\r\n", b"xyz"), PREPARED.codes, Hosts())
    peer = origin()
    decision = judge(head, peer, PREPARED, limiter={}, now=1_000.0)
    told = to_upstream(head, decision, peer, trace=b"traceparent: t\r\n", request_id=b"id-1")
    assert told == (
        b"POST /shop/a?q=1 HTTP/1.1\r\nhost: 127.0.0.1:9000\r\nA: b\r\ncontent-length: 3\r\n"
        b"via: 1.1 tidegate\r\nx-forwarded-for: 10.0.0.1\r\nx-forwarded-proto: http\r\n"
        b"x-forwarded-host: shop.example\r\nforwarded: for=10.0.0.1;host=shop.example;proto=http\r\n"
        b"traceparent: t\r\nx-request-id: id-1\r\n\r\n"
    )


def test_an_ipv6_peer_is_quoted_in_forwarded() -> None:
    head = read_head(request("/shop/a"), PREPARED.codes, Hosts())
    peer = origin("2001:db8::1")
    told = to_upstream(
        head, judge(head, peer, PREPARED, limiter={}, now=1.0), peer, trace=b"", request_id=b""
    )
    assert b'forwarded: for="[2001:db8::1]";host=shop.example;proto=http\r\n' in told
