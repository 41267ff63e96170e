"""From stored columns back to facts."""

import msgspec

from analytics.courses import NOTHING
from analytics.replay_facts import Combination, Side, combinations_of, slowest_refill_s
from kernel.decide import Reason
from tests.analytics.replays import SINCE, policy_text, snapshot_of
from warehouse.readers_replay import CombinationColumns

DIGEST = "a1" * 32
CONSUMERS = f"""plans: [{{name: gold}}]
consumers: [{{name: acme, plan: gold, keys: [{{sha256: "{DIGEST}"}}]}}]
"""
PLAIN = Combination(1, "orders", "/orders/{id}", "", "ip:10.0.0.1", "10.0.0.1", "", "", 0, 0, 0, 0, "", ())
ACME = PLAIN._replace(
    identity="consumer:acme", consumer="acme", plan="gold", credential_hash=int("a1" * 8, 16)
)


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
    assert here.facts(gone, SINCE) is None
    assert here.course(gone, None) is NOTHING
    assert here.met(None, gone) == {}


def test_rules_that_requests_meet_are_told_with_their_bucket() -> None:
    here = side("{name: one, rate: 1/s, burst: 1}", "{name: all, key: global, rate: 1/s, burst: 4}")
    assert here.met(here.facts(PLAIN, SINCE), PLAIN) == {"one": "ip:10.0.0.1", "all": ""}
    assert slowest_refill_s(here.snapshot) == 4.0


def test_columns_become_combinations() -> None:
    names = CombinationColumns.__struct_fields__
    columns = msgspec.convert(dict(zip(names, ([each] for each in PLAIN), strict=True)), CombinationColumns)
    assert combinations_of(columns) == {1: PLAIN}
