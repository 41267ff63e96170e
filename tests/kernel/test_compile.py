"""Policy -> snapshot -> the same under overlays."""

import hashlib

import msgspec
import pytest

from kernel.compile import compile_policy, revision_of, with_overlays, without_keys
from kernel.findings import Overlay
from kernel.limits import Quota
from kernel.snapshot import NEVER, LimitPlan, UpstreamPlan
from tests.kernel.policies import DIGEST_A, DIGEST_B, HASH_KEY, NOW, known_address, policy, snapshot

PLANS = """
plans: [{name: gold}, {name: free}]
limits:
  - {name: all, rate: 10/s, burst: 20}
  - {name: gold-only, rate: 1/s, burst: 2, plans: [gold]}
  - {name: elsewhere, rate: 1/s, burst: 2, routes: [other]}
  - {name: "off", rate: 1/s, burst: 2, mode: "off"}
"""
TWO_ROUTES = "routes: [{name: all, path: '/*', upstream: shop}, {name: other, path: /o, upstream: shop}]\n"


def names(plans: tuple[LimitPlan, ...]) -> list[str]:
    return [plan.name for plan in plans]


def test_a_route_has_the_limits_that_apply_to_it_by_plan() -> None:
    made = snapshot(TWO_ROUTES + PLANS, routes=False)
    every, other = made.routes
    assert names(every.limits) == ["all"]
    assert names(every.limits_by_plan["gold"]) == ["all", "gold-only"]
    assert names(every.limits_by_plan["free"]) == ["all"]
    assert names(other.limits) == ["all", "elsewhere"]
    assert names(other.limits_by_plan["gold"]) == ["all", "gold-only", "elsewhere"]


@pytest.mark.parametrize(
    ("mode", "enforced"), [("shadow", False), ("enforce", True), ("canary, canary: 0.5", None)]
)
def test_a_mode_becomes_what_it_enforces(mode: str, enforced: bool | None) -> None:
    made = snapshot(f"limits: [{{name: l, rate: 1/s, burst: 1, mode: {mode}}}]")
    assert made.routes[0].limits[0].enforced is enforced


def test_headers_that_limits_are_keyed_by_are_numbered_in_one_order() -> None:
    made = snapshot(
        "limits:\n"
        "  - {name: a, rate: 1/s, burst: 1, key: {header: X-Z}}\n"
        "  - {name: b, rate: 1/s, burst: 1, key: {header: x-a}}\n"
        "  - {name: c, rate: 1/s, burst: 1, key: {header: x-z}}\n"
        "  - {name: d, rate: 1/s, burst: 1}\n"
    )
    assert made.limit_headers == (b"x-a", b"x-z")
    assert [(plan.key, plan.header) for plan in made.routes[0].limits] == [
        ("header", 1),
        ("header", 0),
        ("header", 1),
        ("identity", -1),
    ]


def test_credentials_are_found_by_digest() -> None:
    made = snapshot(
        "plans: [{name: gold}]\n"
        f"consumers: [{{name: acme, plan: gold, keys: [{{sha256: {DIGEST_A.upper()}}},"
        f" {{sha256: {DIGEST_B}, expires_at: 2030-01-01T00:00:00Z}}]}}]"
    )
    first, second = made.credentials[bytes.fromhex(DIGEST_A)], made.credentials[bytes.fromhex(DIGEST_B)]
    assert (first.consumer, first.plan, first.identity) == ("acme", "gold", "consumer:acme")
    assert first.expires_at == NEVER
    assert second.expires_at == 1_893_456_000.0
    assert first.credential_hash == int(DIGEST_A[:16], 16)


def upstream(url: str) -> UpstreamPlan:
    """The plan of an upstream with this URL."""
    made = policy("")
    moved = msgspec.structs.replace(made, upstreams=(msgspec.structs.replace(made.upstreams[0], url=url),))
    return compile_policy(moved, "r", HASH_KEY).routes[0].upstream


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "prefix"),
    [
        ("http://shop", "shop", 80, "shop", ""),
        ("http://shop:80/", "shop", 80, "shop", ""),
        ("http://shop:9000/v1/", "shop", 9000, "shop:9000", "/v1"),
        ("http://[::1]:9000", "::1", 9000, "[::1]:9000", ""),
    ],
)
def test_an_upstreams_url_is_parsed_once(url: str, host: str, port: int, authority: str, prefix: str) -> None:
    plan = upstream(url)
    assert (plan.host, plan.port, plan.authority, plan.prefix) == (host, port, authority, prefix)


def test_deadlines_and_caps_come_from_the_route_then_the_upstream_then_the_policy() -> None:
    made = snapshot(
        "routes:\n"
        "  - {name: a, path: /a, upstream: shop, timeouts: {total_ms: 40000}, max_body_bytes: 0}\n"
        "  - {name: b, path: /b, upstream: shop, host: API.example, strip_prefix: /b/}\n"
        "timeouts: {total_ms: 50000}\nmax_body_bytes: 5\n",
        routes=False,
    )
    first, second = made.routes
    assert (first.timeouts.total_ms, first.max_body_bytes) == (40_000, 0)
    assert (second.timeouts.total_ms, second.max_body_bytes) == (50_000, 5)
    assert (second.host, second.strip_prefix) == ("api.example", "/b")


def test_signals_are_split_into_where_and_name() -> None:
    made = snapshot(
        "routes: [{name: a, path: '/u/{id}', upstream: shop,"
        " signals: {subject: json:user.name, object_id: path:id, success: [200]}}]",
        routes=False,
    )
    signals = made.routes[0].signals
    assert signals is not None
    assert (signals.subject, signals.object_id) == (("json", "user.name"), ("path", "id"))
    assert signals.success == {200}


def test_a_revision_is_named_by_its_text() -> None:
    assert revision_of("a: 1") == hashlib.sha256(b"a: 1").hexdigest()[:12]
    assert revision_of("a: 1") != revision_of("a: 1 ")


def test_networks_are_parsed() -> None:
    made = snapshot(
        "trusted_proxies: [10.0.0.0/8]\naccess: [{name: a, action: allow, networks: ['2001:db8::/32']}]"
    )
    assert known_address("10.1.1.1") in made.trusted
    rule = made.routes[0].access[0]
    assert rule.allow
    assert known_address("2001:db8::1") in rule.networks


ADAPTIVE = """
limits:
  - {name: l, rate: 10/s, burst: 20, adaptive: {floor: 5/s, ceiling: 20/s}}
  - {name: fixed, rate: 1/s, burst: 1}
"""


def overlay(limit: str = "l", identity: str = "", rate: float = 8.0, tenant: str = "default") -> Overlay:
    return Overlay("o1", tenant, limit, identity, rate, 16, "", "", NOW, NOW + 600)


def test_an_overlay_reaches_the_limit_it_names_on_every_route() -> None:
    made = snapshot(ADAPTIVE, overlays=[overlay(), overlay(identity="ip:192.0.2.1", rate=6.0)])
    plan, fixed = made.routes[0].limits
    assert plan.everybody is not None
    assert plan.everybody.quota == Quota(8.0, 16)
    assert plan.personal["ip:192.0.2.1"].quota == Quota(6.0, 16)
    assert fixed.everybody is None
    assert not fixed.personal
    assert made.overlays_version == 1


@pytest.mark.parametrize(("asked", "given"), [(0.001, 5.0), (4.99, 5.0), (12.0, 12.0), (1e9, 20.0)])
def test_an_overlay_stays_within_floor_and_ceiling(asked: float, given: float) -> None:
    plan = snapshot(ADAPTIVE, overlays=[overlay(rate=asked)]).routes[0].limits[0]
    assert plan.everybody is not None
    assert plan.everybody.quota.rate == given


def test_overlays_of_other_tenants_and_for_fixed_or_unknown_limits_are_ignored() -> None:
    made = snapshot(ADAPTIVE, overlays=[overlay(tenant="other"), overlay("fixed"), overlay("gone")])
    assert all(plan.everybody is None and not plan.personal for plan in made.routes[0].limits)


def test_new_overlays_replace_the_old_ones_and_leave_the_old_snapshot_alone() -> None:
    first = snapshot(ADAPTIVE, overlays=[overlay()])
    second = with_overlays(first, [], 2)
    assert first.routes[0].limits[0].everybody is not None
    assert second.routes[0].limits[0].everybody is None
    assert second.matcher is first.matcher
    assert (second.revision, second.overlays_version) == (first.revision, 2)


def test_a_revoked_key_is_unknown_and_the_others_stay() -> None:
    consumers = f"consumers: [{{name: a, keys: [{{sha256: {DIGEST_A}}}, {{sha256: {DIGEST_B}}}]}}]\n"
    made = snapshot(consumers)
    without = without_keys(made, frozenset({DIGEST_A}))
    assert set(without.credentials) == {bytes.fromhex(DIGEST_B)}
    assert without_keys(without, frozenset()).credentials == made.credentials
