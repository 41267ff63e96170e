"""What can be replayed of a policy."""

import pytest

from analytics.replay_rules import (
    NotReplayable,
    changed_rules,
    compiled,
    judged,
    opaque_rules,
    rules_of,
    wording_of,
)
from kernel.policy import Policy
from tests.analytics.replays import HASH_KEY, SINCE, policy_text, snapshot_of

ACCESS = "access: [{name: office, action: deny, networks: [10.0.0.0/8]}]\n"
HEADER = "{name: device, key: {header: X-Device}, rate: 1/s, burst: 1}"
PLAIN = "{name: plain, rate: 1/s, burst: 1}"


def policy(*limits: str, more: str = "") -> Policy:
    return snapshot_of(policy_text(*limits, more=more)).policy


def kind(name: str, base: Policy, candidate: Policy) -> str:
    return judged(rules_of(candidate)[name], base).kind


def test_a_rule_is_replayable_where_its_inputs_are_stored() -> None:
    both = policy(PLAIN, more=ACCESS)
    assert kind("plain", both, both) == kind("office", both, both) == "replayable"


def test_addresses_that_are_not_kept_leave_the_verdict_of_then() -> None:
    truncated = "telemetry: {addresses: truncated}\n"
    base = policy(more=ACCESS + truncated)
    assert kind("office", base, base) == "recorded"
    assert kind("office", base, policy(more=ACCESS.replace("10.", "11.") + truncated)) == "unreplayable"


def test_a_header_is_not_stored() -> None:
    assert kind("device", policy(PLAIN), policy(HEADER)) == "unreplayable"
    shadow = policy(HEADER.replace("rate", "mode: shadow, rate"))
    off = policy(HEADER.replace("rate", "mode: 'off', rate"))
    assert kind("device", shadow, policy(HEADER)) == "recorded"
    assert kind("device", off, policy(HEADER)) == "unreplayable"
    assert set(opaque_rules(policy(HEADER, PLAIN), policy())) == {"device"}


def test_what_changes_is_reported_and_everything_where_nothing_does() -> None:
    base = policy(PLAIN)
    names = [each.name for each in changed_rules(base, policy(PLAIN, HEADER))]
    assert names == ["device"]
    assert [each.name for each in changed_rules(base, base)] == ["plain"]


def test_a_broken_policy_is_told_with_its_place() -> None:
    with pytest.raises(NotReplayable, match="candidate"):
        compiled("routes: []\n", "candidate", at=SINCE, hash_key=HASH_KEY)


def test_the_warehouse_is_asked_for_addresses_only_where_they_matter() -> None:
    plain, access = snapshot_of(policy_text(PLAIN)), snapshot_of(policy_text(PLAIN, more=ACCESS))
    assert not wording_of((plain, plain), plain.revision).addressed
    wording = wording_of((plain, access), plain.revision)
    assert wording.addressed
    assert wording.rules == ("office", "plain")
    assert wording.revision == plain.revision
