"""From stored columns back to facts."""

import msgspec

from analytics.courses import ADMITTED
from analytics.replay_facts import Combination, Side, combinations_of, slowest_refill_s
from kernel.decide import NO_ROUTE, WRONG_METHOD, Reason
from tests.analytics.replays import SINCE, policy_text, snapshot_of
from warehouse.readers_replay import CombinationColumns

DIGEST = "a1" * 32
CONSUMERS = f"""plans: [{{name: gold}}]
consumers: [{{name: acme, plan: gold, keys: [{{sha256: "{DIGEST}"}}]}}]
"""
PLAIN = Combination(
    1, "orders", "/orders/{id}", "", "ip:10.0.0.1", "10.0.0.1", "", "", 0, 0, 0, 0, 0, 0, "", ()
)
ACME = PLAIN._replace(
    identity="consumer:acme", consumer="acme", plan="gold", credential_hash=int("a1" * 8, 16)
)
UNROUTED = PLAIN._replace(route="", path="")


def side(*limits: str, more: str = "") -> Side:
    snapshot = snapshot_of(policy_text(*limits, more=more))
    found = Side(snapshot, snapshot.policy, ())
    found.judge.enter(SINCE)
    return found


def test_an_address_is_judged_as_it_was() -> None:
    facts = side().facts(PLAIN, SINCE)
    assert facts is not None
    assert (facts.route, facts.client.text, facts.identity) == (0, "10.0.0.1", "ip:10.0.0.1")
    assert (facts.credential, facts.content_length) == ("none", -1)


def test_a_consumer_is_found_by_its_key() -> None:
    facts = side(more=CONSUMERS).facts(ACME, SINCE)
    assert facts is not None
    assert facts.principal is not None
    assert (facts.credential, facts.principal.plan, facts.identity) == ("valid", "gold", "consumer:acme")


def test_a_key_that_the_candidate_does_not_know_is_invalid() -> None:
    for more in ("", CONSUMERS.replace("a1", "b2")):
        facts = side(more=more).facts(ACME, SINCE)
        assert facts is not None
        assert (facts.credential, facts.identity) == ("invalid", "ip:10.0.0.1")
    expired = side(more=CONSUMERS.replace('"}]', '", expires_at: "2027-01-15T08:00:00Z"}]'))
    facts = expired.facts(ACME, SINCE)
    assert facts is not None
    assert facts.credential == "invalid"


def test_a_consumer_without_a_stored_key_is_found_by_name() -> None:
    facts = side(more=CONSUMERS).facts(ACME._replace(credential_hash=0), SINCE)
    assert facts is not None
    assert facts.credential == "valid"


def test_a_body_that_was_refused_stays_too_large() -> None:
    here = side()
    facts = here.facts(PLAIN._replace(is_too_large=1), SINCE)
    assert here.course(PLAIN, facts).fixed.reason is Reason.BODY_TOO_LARGE


def test_a_route_is_found_by_name_or_by_place() -> None:
    here = side()
    renamed = here.facts(PLAIN._replace(route="old"), SINCE)
    assert renamed is not None
    assert renamed.route == 0
    gone = PLAIN._replace(route="old", path="/old")
    facts = here.facts(gone, SINCE)
    assert facts.route == NO_ROUTE
    assert here.course(gone, facts).fixed.reason is Reason.NO_ROUTE
    assert here.met(facts, gone) == {}
    assert here.terms(facts) is None


def test_what_no_route_took_is_judged_by_the_rules_for_every_route() -> None:
    everywhere = '{name: gone, action: deny, networks: ["10.0.0.0/24"]}'
    shadow = '{name: told, mode: shadow, action: deny, networks: ["10.0.0.0/8"]}'
    somewhere = '{name: orders, action: deny, networks: ["10.0.0.0/8"], routes: [orders]}'
    here = side("{name: one, rate: 1/s, burst: 1}", more=f"access: [{somewhere}, {shadow}, {everywhere}]\n")
    denied = UNROUTED
    other = UNROUTED._replace(address="10.9.0.1", is_wrong_method=1)
    facts, others = here.facts(denied, SINCE), here.facts(other, SINCE)
    assert (facts.route, others.route) == (NO_ROUTE, WRONG_METHOD)
    told = here.course(denied, facts).fixed
    assert (told.reason, told.rule, told.hits) == (Reason.ACCESS_DENIED, "gone", ("gone", "told"))
    told = here.course(other, others).fixed
    assert (told.reason, told.rule, told.hits) == (Reason.WRONG_METHOD, "", ("told",))
    assert here.met(facts, denied) == {"told": "", "gone": ""}


def test_what_a_python_handler_answers_is_refused_by_rules_only() -> None:
    everywhere = '{name: gone, action: deny, networks: ["10.0.0.0/24"]}'
    here = side(more=f"access: [{everywhere}]\n")
    answered = UNROUTED._replace(is_answered=1)
    assert here.course(answered, here.facts(answered, SINCE)).fixed.reason is Reason.ACCESS_DENIED
    free = answered._replace(address="10.9.0.1")
    assert here.course(free, here.facts(free, SINCE)).fixed is ADMITTED


def test_a_recorded_rule_is_taken_as_it_was_where_no_route_took_the_request() -> None:
    rule = '{name: gone, MODE action: deny, networks: ["10.0.0.0/24"]}'
    more = f"access: [{rule}]\ntelemetry: {{addresses: truncated}}\n"
    here = side(more=more.replace("MODE", ""))
    denied = UNROUTED._replace(refused_by="gone")
    facts = here.facts(denied, SINCE)
    assert here.course(denied, facts).fixed.rule == "gone"
    assert here.course(UNROUTED, facts).fixed.reason is Reason.NO_ROUTE
    assert here.met(facts, denied) == {"gone": ""}
    shadow = side(
        "{name: device, key: {header: X-D}, rate: 1/s, burst: 1}", more=more.replace("MODE", "mode: shadow,")
    )
    spared = UNROUTED._replace(told_then=("gone",))
    told = shadow.course(spared, shadow.facts(spared, SINCE)).fixed
    assert (told.reason, told.would_refuse, told.hits) == (Reason.NO_ROUTE, ("gone",), ("gone",))
    assert shadow.met(shadow.facts(spared, SINCE), spared) == {"gone": ""}


def test_rules_that_requests_meet_are_told_with_their_bucket() -> None:
    here = side("{name: one, rate: 1/s, burst: 1}", "{name: all, key: global, rate: 1/s, burst: 4}")
    assert here.met(here.facts(PLAIN, SINCE), PLAIN) == {"one": "ip:10.0.0.1", "all": ""}
    assert slowest_refill_s(here.snapshot) == 4.0


def test_columns_become_combinations() -> None:
    names = CombinationColumns.__struct_fields__
    columns = msgspec.convert(dict(zip(names, ([each] for each in PLAIN), strict=True)), CombinationColumns)
    assert combinations_of(columns) == {1: PLAIN}
