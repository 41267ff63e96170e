"""The explanation says what kernel.decide does, rule by rule."""

import pytest

from console.explanation import Asked, Explanation, explain, explain_unreadable, malformed_path
from kernel.addresses import parse_address
from kernel.check import read_policy
from kernel.compile import compile_policy
from kernel.decide import Credential, Facts
from kernel.paths import normalise
from kernel.snapshot import Principal, Snapshot

NOW = 1_000.0
POLICY = """\
upstreams:
  - {name: shop, url: "http://127.0.0.1:9000"}
plans:
  - name: gold
consumers:
  - name: acme
    plan: gold
    keys: [{sha256: "aa11223344556677889900aabbccddeeff00112233445566778899aabbccddee"}]
routes:
  - {name: orders, path: "/orders/{id}", upstream: shop, methods: [GET], auth: required, max_body_bytes: 10}
  - {name: open, path: "/*", upstream: shop}
access:
  - {name: watched, action: deny, networks: [192.0.2.0/24], mode: shadow}
  - {name: office, action: allow, networks: [198.51.100.0/24]}
  - {name: nobody, action: deny, networks: [198.51.100.0/24, 203.0.113.0/24]}
limits:
  - {name: gold, rate: 100/s, burst: 100, plans: [gold]}
  - {name: fair, rate: 1/s, burst: 2}
  - {name: strict, rate: 1/s, burst: 1, mode: shadow}
  - {name: old, rate: 1/s, burst: 1, mode: "off"}
"""


def compiled(text: str) -> Snapshot:
    reading = read_policy(text, "policy.yaml", NOW)
    assert reading.policy is not None, [problem.text() for problem in reading.problems]
    return compile_policy(reading.policy, "r1", bytes(16))


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return compiled(POLICY)


def told(
    snapshot: Snapshot,
    path: str,
    *,
    address: str = "192.0.2.1",
    credential: Credential = "none",
    body_bytes: int = -1,
    times: int = 1,
) -> Explanation:
    client = parse_address(address)
    assert client is not None
    normal = normalise(path.encode())
    if normal is None:
        return explain_unreadable("GET", path, client, step=malformed_path(path))
    match = snapshot.matcher.match("", normal, "GET")
    principal: Principal | None = next(iter(snapshot.credentials.values())) if credential == "valid" else None
    identity = principal.identity if principal else f"ip:{address}"
    facts = Facts(match.route, client, identity, credential, principal, body_bytes, ())
    return explain(Asked("GET", path, normal, facts, match.allow), snapshot, NOW, times)


def effects(explanation: Explanation) -> dict[str, str]:
    return {step.name or step.kind: step.effect for step in explanation.steps}


def test_a_relayed_request_passes_every_step_in_the_order_of_the_rules(snapshot: Snapshot) -> None:
    explanation = told(snapshot, "/x")
    assert [step.kind for step in explanation.steps] == [
        *("route", "access", "access", "access", "credential", "body"),
        *("limit", "limit", "limit", "limit"),
    ]
    assert effects(explanation) == {
        "open": "passes",
        "watched": "would refuse",
        "office": "passes",
        "nobody": "passes",
        "credential": "passes",
        "body": "passes",
        "gold": "not asked",
        "fair": "passes",
        "strict": "passes",
        "old": "not asked",
    }
    assert (explanation.reason, explanation.status) == ("", 0)
    assert explanation.would_refuse == ("watched",)


def test_a_limit_refuses_the_last_of_several(snapshot: Snapshot) -> None:
    explanation = told(snapshot, "/x", times=3)
    assert (explanation.admitted, explanation.status, explanation.rule) == (2, 429, "fair")
    assert effects(explanation)["fair"] == "refuses"
    assert effects(explanation)["strict"] == "would refuse"
    assert "again in 1 s" in next(step.detail for step in explanation.steps if step.name == "fair")


def test_the_first_matching_access_rule_decides(snapshot: Snapshot) -> None:
    allowed = told(snapshot, "/x", address="198.51.100.9")
    assert allowed.reason == ""
    assert effects(allowed)["nobody"] == "not asked"
    denied = told(snapshot, "/x", address="203.0.113.9")
    assert (denied.status, denied.rule) == (403, "nobody")
    assert effects(denied)["credential"] == effects(denied)["body"] == effects(denied)["fair"] == "not asked"


def test_shadow_limits_count_what_was_refused_and_shadow_access_rules_end_where_one_decides() -> None:
    late = "  - {name: late, action: deny, networks: [203.0.113.0/24], mode: shadow}\nlimits:"
    explanation = told(compiled(POLICY.replace("limits:", late)), "/x", address="203.0.113.9", times=2)
    assert (explanation.status, explanation.rule) == (403, "nobody")
    assert (effects(explanation)["late"], effects(explanation)["strict"]) == ("not asked", "would refuse")
    assert explanation.would_refuse == ("strict",)


def test_credentials_and_bodies_are_judged(snapshot: Snapshot) -> None:
    missing = told(snapshot, "/orders/7")
    assert (missing.status, effects(missing)["credential"], effects(missing)["body"]) == (
        401,
        "refuses",
        "not asked",
    )
    large = told(snapshot, "/orders/7", credential="valid", body_bytes=11)
    assert (large.status, effects(large)["body"]) == (413, "refuses")


def test_the_consumers_plan_brings_its_limits(snapshot: Snapshot) -> None:
    explanation = told(snapshot, "/orders/7", credential="valid")
    assert effects(explanation)["gold"] == "passes"
    assert (explanation.consumer, explanation.plan) == ("acme", "gold")


def test_without_a_route_the_access_rules_for_every_route_are_asked_and_nothing_else() -> None:
    narrow = compiled(POLICY.replace('path: "/*"', 'path: "/open"'))
    explanation = told(narrow, "/nowhere")
    assert effects(explanation) == {
        "route": "refuses",
        "watched": "would refuse",
        "office": "passes",
        "nobody": "passes",
    }
    assert (explanation.status, explanation.would_refuse) == (404, ("watched",))
    denied = told(narrow, "/nowhere", address="203.0.113.9")
    assert (denied.status, denied.rule) == (403, "nobody")


def test_a_path_is_judged_in_its_normal_form(snapshot: Snapshot) -> None:
    told_of = told(snapshot, "/x/../orders/7", credential="valid")
    assert (told_of.path, told_of.route) == ("/orders/7", "orders")
    assert told_of.steps[0].detail == "/x/../orders/7 is matched and forwarded as /orders/7"
    assert told(snapshot, "/orders/7", credential="valid").steps[0].kind == "route"


@pytest.mark.parametrize("path", ["/orders/..%2fadmin", "/../etc", "orders", "/a#b", "/\u00e4"])
def test_a_path_without_a_normal_form_is_a_bad_request(snapshot: Snapshot, path: str) -> None:
    found = told(snapshot, path)
    assert (found.status, found.reason, found.admitted) == (400, "bad-request", 0)
    assert found.steps[0].effect == "refuses"
