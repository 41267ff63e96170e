"""Each weakness of a replay has its sentence."""

import doctest

from analytics import replay_caveats
from analytics.comparison import Comparison, Situation
from analytics.labels import Label, Labels
from analytics.replay_caveats import caveats_of
from kernel.replays import ReplayRequest
from tests.analytics.replays import HASH_KEY, SINCE, policy_text, snapshot_of
from warehouse.readers_replay import SpanColumns

SPAN = SpanColumns([int(SINCE)], [100], [0], [["w1"]])


def told(
    *limits: str, more: str = "", lost: float = 0.0, hash_key: bytes = HASH_KEY, span: SpanColumns = SPAN
) -> str:
    text = policy_text(*limits, more=more)
    situation = Situation(text, hash_key=hash_key, lost=lost)
    made = snapshot_of(text)
    comparison = Comparison(ReplayRequest(text, SINCE, SINCE + 100), situation, base=made, candidate=made)
    return "\n".join(caveats_of(comparison, span))


def test_what_refused_clients_would_have_done_is_always_unknown() -> None:
    assert "would have done next is unknown" in told()


def test_lost_telemetry_long_requests_and_several_workers_are_told() -> None:
    assert "2.5 % of that time's telemetry was lost" in told(lost=0.025)
    span = SpanColumns([int(SINCE)], [100], [3], [["w1", "w2"]])
    assert "3 requests that took more than 120 s" in told(span=span)
    assert "2 workers shared each limit" in told(span=span)
    assert "lost" not in told(lost=0.001)


def test_canaries_need_the_hash_key() -> None:
    canary = "{name: one, mode: canary, canary: 0.5, rate: 1/s, burst: 1}"
    assert "hash key" in told(canary, hash_key=b"")
    assert "hash key" not in told(canary)


def test_truncated_addresses_and_slow_limits_are_told() -> None:
    assert "share a bucket" in told(more="telemetry: {addresses: truncated}\n")
    assert "early refusals are missed" in told("{name: one, rate: 1/d, burst: 9}")


def test_a_denial_of_whom_a_finding_accuses_is_told_to_be_judged_by_it() -> None:
    text = policy_text(more='access: [{name: gone, action: deny, networks: ["10.0.0.0/8"]}]')
    base, made, request = policy_text(), snapshot_of(text), ReplayRequest(text, SINCE, SINCE + 100)
    accusing = Situation(base, labels=Labels((Label("ip:10.0.0.1", SINCE, 0.0),)))
    said = []
    for situation in (accusing, Situation(base)):
        comparison = Comparison(request, situation, base=snapshot_of(base), candidate=made)
        said.append("Rule gone may deny whom a finding accuses" in " ".join(caveats_of(comparison, SPAN)))
    assert said == [True, False]


def test_the_examples_hold() -> None:
    assert doctest.testmod(replay_caveats).failed == 0
