"""The order of rules, as a table, and what each rule does. Laws are in tests/properties."""

import msgspec
import pytest

from kernel.decide import (
    NO_ROUTE,
    STATUS,
    WRONG_METHOD,
    Credential,
    Facts,
    LimiterState,
    Reason,
    Verdicts,
    decide,
)
from kernel.findings import Overlay
from kernel.limits import Quota
from kernel.snapshot import Principal, Snapshot
from tests.kernel.policies import DIGEST_A, NOW, facts, snapshot

STRICT = f"""
routes: [{{name: all, path: '/*', upstream: shop, auth: required, max_body_bytes: 10}}]
consumers: [{{name: acme, keys: [{{sha256: {DIGEST_A}}}]}}]
access: [{{name: scanners, action: deny, networks: [192.0.2.66]}}]
limits: [{{name: one, rate: 1/h, burst: 1}}]
"""
ACME = Principal("acme", "", "consumer:acme", 1, float("inf"))


def wrong_facts(*, access: bool, credential: Credential, body: bool, route: int = 0) -> Facts:
    """Facts of a request that breaks the rules named, by the same identity each time."""
    right = facts("ip:192.0.2.66" if access else "ip:192.0.2.1", route=route, credential=credential)
    return msgspec.structs.replace(right, identity="consumer:acme", content_length=11 if body else 10)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (wrong_facts(access=False, credential="invalid", body=True, route=NO_ROUTE), Reason.NO_ROUTE),
        (wrong_facts(access=False, credential="invalid", body=True, route=WRONG_METHOD), Reason.WRONG_METHOD),
        (wrong_facts(access=True, credential="invalid", body=True, route=NO_ROUTE), Reason.ACCESS_DENIED),
        (wrong_facts(access=True, credential="invalid", body=True), Reason.ACCESS_DENIED),
        (wrong_facts(access=False, credential="invalid", body=True), Reason.CREDENTIAL_INVALID),
        (wrong_facts(access=False, credential="none", body=True), Reason.CREDENTIAL_MISSING),
        (wrong_facts(access=False, credential="valid", body=True), Reason.BODY_TOO_LARGE),
        (wrong_facts(access=False, credential="valid", body=False), Reason.QUOTA_EXCEEDED),
    ],
    ids=lambda each: each.value if isinstance(each, Reason) else "",
)
def test_of_all_rules_that_a_request_breaks_the_first_in_order_refuses(broken: Facts, reason: Reason) -> None:
    made = snapshot(STRICT, routes=False)
    state: LimiterState = {}
    assert not decide(wrong_facts(access=False, credential="valid", body=False), made, state, NOW).reason
    verdicts = decide(broken, made, state, NOW)
    assert verdicts.reason is reason
    assert verdicts.status == STATUS[reason]


def test_without_a_route_the_access_rules_for_every_route_hold_and_no_others() -> None:
    made = snapshot("""
        access:
          - {name: maybe, action: deny, networks: [192.0.2.66], mode: shadow}
          - {name: here, action: deny, networks: [192.0.2.66], routes: [all]}
          - {name: old, action: deny, networks: [192.0.2.66], expires_at: 2020-01-01T00:00:00Z}
          - {name: friend, action: allow, networks: [192.0.2.67]}
          - {name: everywhere, action: deny, networks: [192.0.2.64/29]}
    """)
    for place in (NO_ROUTE, WRONG_METHOD):
        denied = decide(facts("ip:192.0.2.66", route=place), made, {}, NOW)
        assert (denied.reason, denied.rule) == (Reason.ACCESS_DENIED, "everywhere")
        assert denied.would_refuse == ("maybe",)
    assert decide(facts("ip:192.0.2.67", route=NO_ROUTE), made, {}, NOW).reason is Reason.NO_ROUTE
    assert decide(facts("ip:192.0.2.1", route=WRONG_METHOD), made, {}, NOW).reason is Reason.WRONG_METHOD


@pytest.mark.parametrize("reason", [each for each in Reason if each is not Reason.NONE])
def test_every_reason_has_a_client_error_for_a_status(reason: Reason) -> None:
    assert 400 <= STATUS[reason] < 500


def judged(text: str, *asked: Facts, overlays: tuple[Overlay, ...] = ()) -> list[Verdicts]:
    """Verdicts of requests at one instant, on fresh state."""
    made = snapshot(text, overlays=overlays)
    state: LimiterState = {}
    return [decide(each, made, state, NOW) for each in asked]


def reasons(verdicts: list[Verdicts]) -> list[str]:
    return [each.reason.value for each in verdicts]


AUTH = "routes: [{{name: r, path: '/*', upstream: shop, auth: {auth}}}]"


@pytest.mark.parametrize(
    ("auth", "credential", "reason"),
    [
        ("none", "none", ""),
        ("none", "invalid", ""),
        ("optional", "none", ""),
        ("optional", "valid", ""),
        ("optional", "invalid", "credential-invalid"),
        ("required", "none", "credential-missing"),
        ("required", "invalid", "credential-invalid"),
        ("required", "valid", ""),
    ],
)
def test_a_credential_is_judged_as_the_route_says(auth: str, credential: Credential, reason: str) -> None:
    made = snapshot(AUTH.format(auth=auth), routes=False)
    assert decide(facts(credential=credential), made, {}, NOW).reason == reason


ACCESS = """
access:
  - {name: office, action: allow, networks: [10.1.0.0/16]}
  - {name: trial, action: deny, mode: shadow, networks: [10.0.0.0/8]}
  - {name: inside, action: deny, networks: [10.0.0.0/8]}
"""


def test_the_first_enforced_access_rule_decides_and_shadows_before_it_are_told() -> None:
    office, inside, outside = judged(ACCESS, facts("ip:10.1.0.1"), facts("ip:10.2.0.1"), facts("ip:11.0.0.1"))
    assert (office.reason, office.would_refuse) == (Reason.NONE, ())
    assert (inside.reason, inside.rule, inside.would_refuse) == (Reason.ACCESS_DENIED, "inside", ("trial",))
    assert (outside.reason, outside.would_refuse) == (Reason.NONE, ())


def test_limits_count_each_key_on_its_own() -> None:
    by_identity = "limits: [{name: l, rate: 1/h, burst: 1}]"
    one, other = facts("ip:192.0.2.1"), facts("ip:192.0.2.2")
    assert reasons(judged(by_identity, one, one, other)) == ["", "quota-exceeded", ""]
    assert reasons(judged(by_identity[:-2] + ", key: route}]", one, other)) == ["", "quota-exceeded"]
    assert reasons(judged(by_identity[:-2] + ", key: global}]", one, other)) == ["", "quota-exceeded"]


def test_a_limit_keyed_by_a_header_falls_back_to_the_identity() -> None:
    text = "limits: [{name: l, rate: 1/h, burst: 1, key: {header: X-Device}}]"
    device, other = facts(header_values=("a",)), facts("ip:192.0.2.2", header_values=("a",))
    nameless, stranger = facts(header_values=("",)), facts("ip:192.0.2.3", header_values=("",))
    told = reasons(judged(text, device, other, nameless, nameless, stranger))
    assert told == ["", "quota-exceeded", "", "quota-exceeded", ""]


def test_a_header_cannot_name_an_identity_and_drain_its_bucket() -> None:
    text = "limits: [{name: l, rate: 1/h, burst: 1, key: {header: X-Device}}]"
    attacker, victim = facts("ip:192.0.2.9", header_values=("ip:192.0.2.1",)), facts(header_values=("",))
    assert reasons(judged(text, attacker, victim)) == ["", ""]


def test_a_long_header_is_kept_by_its_digest() -> None:
    made = snapshot("limits: [{name: l, rate: 1/h, burst: 1, key: {header: X-Device}}]")
    state: LimiterState = {}
    told = [decide(facts(header_values=("x" * 16_000 + end,)), made, state, NOW) for end in "aba"]
    assert reasons(told) == ["", "", "quota-exceeded"]
    assert all(len(key) < 130 for _, key in state)


def test_a_key_per_route_counts_routes_apart_and_global_does_not() -> None:
    routes = "routes: [{name: a, path: /a, upstream: shop}, {name: b, path: /b, upstream: shop}]\n"
    for key, reason in (("route", ""), ("global", "quota-exceeded")):
        text = f"{routes}limits: [{{name: l, rate: 1/h, burst: 1, key: {key}}}]"
        made = snapshot(text, routes=False)
        state: LimiterState = {}
        decide(facts(route=0), made, state, NOW)
        assert decide(facts(route=1), made, state, NOW).reason == reason


TWO_LIMITS = "limits: [{name: wide, rate: 1/h, burst: 5}, {name: tight, rate: 1/h, burst: 1}]"


def test_what_one_limit_refuses_is_charged_to_no_limit() -> None:
    made = snapshot(TWO_LIMITS)
    state: LimiterState = {}
    decide(facts(), made, state, NOW)
    before = dict(state)
    refused = decide(facts(), made, state, NOW)
    assert (refused.reason, refused.rule) == (Reason.QUOTA_EXCEEDED, "tight")
    assert [each.name for each in refused.limits] == ["wide", "tight"]
    assert state == before


def test_of_several_limits_that_refuse_the_longest_wait_is_told() -> None:
    text = "limits: [{name: short, rate: 1/min, burst: 1}, {name: long, rate: 1/h, burst: 1}]"
    assert judged(text, facts(), facts())[-1].rule == "long"


def test_a_shadow_tells_and_counts_but_never_refuses_also_after_refusals() -> None:
    text = TWO_LIMITS[:-1] + ", {name: trial, rate: 1/h, burst: 2, mode: shadow}]"
    told = judged(text, facts(), facts(), facts(), facts())
    assert reasons(told) == ["", "quota-exceeded", "quota-exceeded", "quota-exceeded"]
    assert [each.would_refuse for each in told] == [(), (), ("trial",), ("trial",)]
    assert all(each.name != "trial" for verdicts in told for each in verdicts.limits)


def test_a_shadow_has_buckets_of_its_own() -> None:
    enforced, shadow = (
        snapshot(f"limits: [{{name: l, rate: 1/h, burst: 1, mode: {mode}}}]")
        for mode in ("enforce", "shadow")
    )
    state: LimiterState = {}
    assert not decide(facts(), shadow, state, NOW).would_refuse
    assert not decide(facts(), enforced, state, NOW).reason
    assert decide(facts(), shadow, state, NOW).would_refuse == ("l",)


def test_a_canary_binds_some_and_shadows_the_rest() -> None:
    text = "limits: [{name: l, rate: 1/h, burst: 1, mode: canary, canary: 0.5}]"
    made = snapshot(text)
    state: LimiterState = {}
    people = [facts(f"ip:192.0.2.{number}") for number in range(40)]
    for each in people:
        decide(each, made, state, NOW)
    second = [decide(each, made, state, NOW) for each in people]
    bound = [each for each in second if each.reason]
    assert 8 < len(bound) < 32
    assert all(bool(each.reason) != (each.would_refuse == ("l",)) for each in second)


def overlay(identity: str, rate: float, *, burst: int = 1, seconds: float = 60.0) -> Overlay:
    return Overlay(f"o{identity}", "default", "l", identity, rate, burst, "", "", NOW, NOW + seconds)


ADAPTIVE = "limits: [{name: l, rate: 10/s, burst: 20, adaptive: {floor: 1/h, ceiling: 20/s}}]"


def test_ones_own_overlay_comes_before_everybodys_before_the_policys() -> None:
    own, everybody = overlay("ip:192.0.2.1", 0.01), overlay("", 5.0, burst=2)
    first, second = judged(ADAPTIVE, facts("ip:192.0.2.1"), facts("ip:192.0.2.2"), overlays=(own, everybody))
    assert (first.limits[0].quota, first.limits[0].overlay) == (Quota(0.01, 1), own.id)
    assert (second.limits[0].quota, second.limits[0].overlay) == (Quota(5.0, 2), everybody.id)
    third = judged(ADAPTIVE, facts())[0]
    assert (third.limits[0].quota, third.limits[0].overlay) == (Quota(10.0, 20), "")


def test_a_refusal_by_ones_own_overlay_is_called_abnormal_usage() -> None:
    own, everybody = overlay("ip:192.0.2.1", 0.01), overlay("", 0.01)
    one, other = facts("ip:192.0.2.1"), facts("ip:192.0.2.2")
    told = judged(ADAPTIVE, one, one, other, other, overlays=(own, everybody))
    assert reasons(told) == ["", "abnormal-usage-detected", "", "quota-exceeded"]


def test_an_overlay_ends_by_itself() -> None:
    made = snapshot(ADAPTIVE, overlays=[overlay("", 0.01, seconds=60.0)])
    assert decide(facts(), made, {}, NOW + 59.9).limits[0].overlay
    assert not decide(facts(), made, {}, NOW + 60.0).limits[0].overlay


def test_an_expired_rule_has_no_effect() -> None:
    made = snapshot(
        "limits: [{name: l, rate: 1/h, burst: 1, expires_at: 2030-01-01T00:00:00Z}]\n"
        "access: [{name: a, action: deny, networks: [192.0.2.1], expires_at: 2030-01-01T00:00:00Z}]"
    )
    at = 1_893_456_000.0  # 2030-01-01
    assert decide(facts(), made, {}, at - 1).reason is Reason.ACCESS_DENIED
    state: LimiterState = {}
    assert not [decide(facts(), made, state, at).reason for _ in range(3)][-1]
    assert not state


def test_a_plans_limits_are_those_of_its_consumers_only() -> None:
    made: Snapshot = snapshot(
        "plans: [{name: free}]\nlimits: [{name: l, rate: 1/h, burst: 1, plans: [free]}]\n"
        f"consumers: [{{name: c, plan: free, keys: [{{sha256: {DIGEST_A}}}]}}]"
    )
    free = made.credentials[bytes.fromhex(DIGEST_A)]
    planned = facts("consumer:c", credential="valid", principal=free)
    planless = facts("consumer:acme", credential="valid", principal=ACME)
    state: LimiterState = {}
    assert [bool(decide(planned, made, state, NOW).reason) for _ in range(2)] == [False, True]
    assert [bool(decide(planless, made, state, NOW).reason) for _ in range(2)] == [False, False]
    assert [bool(decide(facts(), made, state, NOW).reason) for _ in range(2)] == [False, False]


def test_a_clock_that_steps_back_locks_nobody_out_for_the_size_of_the_step() -> None:
    made = snapshot("limits: [{name: l, rate: 1/s, burst: 2}]")
    state: LimiterState = {}
    decide(facts(), made, state, NOW)
    back = NOW - 3600.0
    assert decide(facts(), made, state, back).reason
    assert not decide(facts(), made, state, back + 1.01).reason
