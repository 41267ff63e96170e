"""Replays of real rows in a real warehouse."""

import itertools

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from analytics.comparison import Situation
from analytics.labels import Label, Labels
from analytics.replay_rules import NotReplayable
from analytics.replaying import Cancelled, first_of, replay, stretches_of
from analytics.situations import situation_of
from kernel.events import EventRow
from kernel.findings import Overlay
from kernel.replays import ReplayReport, ReplayRequest, Split
from tests.analytics.replays import (
    GREEDY,
    HASH_KEY,
    SINCE,
    Asked,
    judged_rows,
    policy_text,
    snapshot_of,
    steady,
    store,
)
from tests.warehouse.event_rows import row
from warehouse.readers_replay import ReplayReader, RowColumns, SpanColumns, Stretch, Wording
from warehouse.suspects import Suspect, insert_suspects

BASE = policy_text("{name: wide, rate: 100/s, burst: 200}")
STRICT = policy_text("{name: wide, rate: 100/s, burst: 200}", "{name: strict, rate: 1/s, burst: 2}")
GREEDY_LABEL = Labels((Label(GREEDY, SINCE, 0.0),))
PEERS = [f"ip:10.0.1.{number}" for number in range(20)]


def watched(share: float) -> bool:
    """Nobody cancels."""
    return 0 <= share <= 1


def replayed(
    client: Client,
    tenant: str,
    policy: str,
    *,
    situation: Situation,
    since: float = SINCE,
    until: float = SINCE + 60,
) -> ReplayReport:
    request = ReplayRequest(policy, since, until)
    situation = msgspec.structs.replace(situation, hash_key=HASH_KEY)
    ticking = itertools.count()
    source = ReplayReader(client, tenant)
    return replay(request, situation, source, progress=watched, clock=lambda: float(next(ticking)))


def crowd() -> list[Asked]:
    """A greedy client, 3 peers that ask twice a second, 17 that ask every five seconds: one minute."""
    asked = steady(GREEDY, every_s=0.1, until_s=60)
    for number, peer in enumerate(PEERS):
        asked += steady(peer, every_s=0.5 if number < 3 else 5.0, until_s=60)
    return asked


def test_harm_and_benefit_of_a_limit_are_told_exactly(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, crowd()))
    situation = Situation(BASE, labels=GREEDY_LABEL)
    report = replayed(warehouse_client, tenant, STRICT, situation=situation)
    assert report.seen_attack == Split(600, 1)
    assert report.seen_legitimate == Split(3 * 120 + 17 * 12, 20)
    (rule,) = report.rules
    assert (rule.rule, rule.kind) == ("strict", "replayable")
    assert rule.attack == report.newly_attack == Split(600 - 61, 1)  # burst 2, then one a second
    assert rule.legitimate == report.newly_legitimate == Split(3 * (120 - 61), 3)
    assert (rule.bound.harmed, rule.bound.n) == (3, 20)
    assert 0.34 < rule.bound.upper < 0.35  # 95 % of Beta(4, 17)
    assert report.bound == rule.bound
    assert report.freed == Split(0, 0)
    assert rule.refused_then == 0
    assert {each.identity for each in rule.examples} == {*PEERS[:3], GREEDY}
    assert (report.took_s, report.disagreement.compared, report.disagreement.differing) == (1.0, 1164, 0)


def test_the_curve_holds_the_candidates_own_value(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, crowd()))
    report = replayed(
        warehouse_client, tenant, STRICT, situation=Situation(BASE, labels=GREEDY_LABEL, chunk_rows=100)
    )
    (rule,) = report.rules
    own = next(point for point in rule.curve if point.rate == 1.0)
    assert (own.burst, own.attack, own.legitimate) == (2, rule.attack, rule.legitimate)
    assert own.upper > rule.bound.upper  # it holds for all points together
    refused = [point.attack.requests + point.legitimate.requests for point in rule.curve]
    assert refused == sorted(refused, reverse=True)


def test_state_is_warmed_before_the_range(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=0.1, until_s=60)))
    situation = Situation(BASE)
    report = replayed(warehouse_client, tenant, STRICT, situation=situation, since=SINCE + 30)
    assert report.warmed_from == SINCE - 30
    assert report.seen_legitimate.requests == 300
    assert report.newly_legitimate.requests == 270  # a cold bucket would have admitted its burst once more


@pytest.mark.parametrize("chunk_rows", [1, 37, 10_000])
def test_the_policy_that_judged_agrees_with_itself(
    warehouse_client: Client, tenant: str, chunk_rows: int
) -> None:
    more = 'access: [{name: no-logins, action: deny, networks: ["10.0.1.0/30"], routes: [logins]}]\n'
    text = policy_text(
        "{name: each, rate: 1/s, burst: 3}",
        "{name: shadow, mode: shadow, rate: 2/s, burst: 2}",
        "{name: canary, mode: canary, canary: 0.5, rate: 6/min, burst: 2, routes: [logins]}",
        "{name: all, key: global, rate: 12/s, burst: 12}",
        more=more,
    )
    asked = [
        *crowd(),
        *(each for peer in PEERS for each in steady(peer, every_s=4, until_s=60, route="logins")),
    ]
    store(warehouse_client, tenant, judged_rows(tenant, text, asked))
    report = replayed(warehouse_client, tenant, text, situation=Situation(text, chunk_rows=chunk_rows))
    assert report.disagreement.compared == len(asked)
    assert report.disagreement.differing == 0
    assert report.newly_legitimate == report.freed == Split(0, 0)
    assert {each.rule for each in report.rules} == {"each", "shadow", "canary", "all", "no-logins"}
    assert all(each.legitimate.requests for each in report.rules)


def test_a_denial_harms_whom_it_was_not_meant_for(warehouse_client: Client, tenant: str) -> None:
    """The customer behind a denied address, and an accused one that is a customer itself."""
    asked = [
        *(each for peer in PEERS for each in steady(peer, every_s=4, until_s=60, route="logins")),
        (50.0, PEERS[0], "orders"),  # elsewhere it goes about its business
    ]
    rows = judged_rows(tenant, BASE, asked)
    behind = row(
        tenant,
        9_999,
        ended_at=SINCE + 40,
        route="logins",
        path="/logins",
        identity="consumer:partner",
        consumer="partner",
        client_ip=f"::ffff:{PEERS[1].removeprefix('ip:')}",
        success=-1,
    )
    store(warehouse_client, tenant, [*rows, behind])
    denial = 'access: [{name: denial, action: deny, networks: ["10.0.1.0/30"], routes: [logins]}]\n'
    keys = "plans: [{name: gold}]\nconsumers: [{name: partner, plan: gold}]\n"
    base, candidate = BASE + keys, BASE + keys + denial
    request = ReplayRequest(candidate, SINCE, SINCE + 60)
    accused = [Suspect("f", peer, SINCE, SINCE + 60, 9) for peer in PEERS[:4]]
    insert_suspects(warehouse_client, tenant, accused)
    situation = situation_of(warehouse_client, tenant, request, base=base)
    assert situation.labels.ordinary == {PEERS[0], PEERS[1]}
    report = replayed(warehouse_client, tenant, candidate, situation=situation)
    (harm,) = report.rules
    assert harm.attack.identities == 2
    assert harm.legitimate.identities == 3
    assert report.newly_legitimate == harm.legitimate
    assert (harm.bound.harmed, harm.bound.n) == (3, len(PEERS) - 2 + 1)


def test_overlays_of_that_time_are_in_force(warehouse_client: Client) -> None:
    tenant = "default"
    text = policy_text("{name: each, rate: 5/s, burst: 5, adaptive: {floor: 1/s, ceiling: 9/s}}")
    overlay = Overlay("o", tenant, "each", GREEDY, 1.0, 1, "", "", SINCE - 60, SINCE + 600)
    asked = steady(GREEDY, every_s=0.25, until_s=60)
    rows = judged_rows(tenant, text, asked, overlays=[overlay])
    store(warehouse_client, "overlays-of-that-time", rows)
    with_it = replayed(warehouse_client, tenant, text, situation=Situation(text, overlays=(overlay,)))
    without = replayed(warehouse_client, tenant, text, situation=Situation(text))
    assert with_it.disagreement.differing == 0
    assert without.disagreement.differing > 100
    assert any("do not rely on it" in each for each in without.caveats)


def test_modes_and_expiry_act(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=0.1, until_s=60)))

    def told(change: str) -> ReplayReport:
        limit = "{name: strict, rate: 1/s, burst: 2, " + change + "}"
        text = policy_text("{name: wide, rate: 100/s, burst: 200}", limit)
        return replayed(warehouse_client, tenant, text, situation=Situation(BASE))

    shadow = told("mode: shadow")
    assert shadow.newly_legitimate == Split(0, 0)
    assert shadow.rules[0].legitimate == Split(539, 1)
    assert told("mode: canary, canary: 1.0").newly_legitimate == Split(539, 1)
    nobody = told("mode: canary, canary: 0.0")
    assert (nobody.newly_legitimate.requests, nobody.rules[0].legitimate.requests) == (0, 539)
    half = told('expires_at: "2027-01-15T08:00:30Z"')
    assert half.newly_legitimate == Split(300 - 31, 1)


def test_a_limit_taken_away_frees_what_it_refused(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, STRICT, crowd()))
    report = replayed(warehouse_client, tenant, BASE, situation=Situation(STRICT, labels=GREEDY_LABEL))
    assert report.freed == Split(539 + 3 * 59, 4)
    assert report.disagreement.differing == 0


def test_what_is_not_stored_is_recorded_or_unreplayable(warehouse_client: Client, tenant: str) -> None:
    shadow = "{name: device, mode: shadow, key: {header: X-Device}, rate: 1/s, burst: 2}"
    base = policy_text(shadow)
    store(warehouse_client, tenant, judged_rows(tenant, base, steady(GREEDY, every_s=0.1, until_s=60)))
    other = "{name: agent, key: {header: X-Agent}, rate: 1/s, burst: 2}"
    candidate = policy_text(shadow.replace("mode: shadow, ", ""), other)
    report = replayed(warehouse_client, tenant, candidate, situation=Situation(base))
    kinds = {each.rule: (each.kind, each.legitimate.requests) for each in report.rules}
    assert kinds == {"device": ("recorded", 539), "agent": ("unreplayable", 0)}
    assert report.newly_legitimate == Split(539, 1)
    assert any("Rule agent is unreplayable" in each for each in report.caveats)


def test_a_request_whose_route_is_gone_is_counted_as_refused(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=1, until_s=60)))
    renamed = STRICT.replace("name: orders", "name: buy")
    report = replayed(warehouse_client, tenant, renamed, situation=Situation(BASE))
    assert not any("no route of" in each for each in report.caveats)  # found by its template
    gone = renamed.replace("/orders/{id}", "/purchases")
    report = replayed(warehouse_client, tenant, gone, situation=Situation(BASE))
    assert any("no route of the name or the path of 60 " in each for each in report.caveats)
    assert report.newly_legitimate == Split(60, 1)
    assert (report.bound.harmed, report.bound.n) == (1, 1)
    back = replayed(warehouse_client, tenant, BASE, situation=Situation(gone))
    assert back.freed == Split(60, 1)


def test_another_revision_is_left_out_of_the_comparison(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=1, until_s=60)))
    report = replayed(warehouse_client, tenant, BASE, situation=Situation(STRICT))
    assert report.disagreement.compared == 0
    assert any("cannot be said" in each for each in report.caveats)


def test_the_revision_of_that_time_is_replayed_beside_another_base(
    warehouse_client: Client, tenant: str
) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, STRICT, crowd()))
    report = replayed(warehouse_client, tenant, BASE, situation=Situation(BASE, then=STRICT))
    assert report.disagreement.compared == len(crowd())
    assert report.disagreement.differing == 0
    assert report.then == snapshot_of(STRICT).revision != report.base
    assert report.freed == Split(0, 0)  # of base and candidate
    other = Situation(BASE, then=STRICT.replace("burst: 2", "burst: 5"))
    rows = replayed(warehouse_client, tenant, BASE, situation=other).disagreement
    assert rows.compared == 0  # that revision judged none of them
    broken = replayed(warehouse_client, tenant, BASE, situation=Situation(BASE, then="routes: 1"))
    assert broken.then == broken.base


def test_a_replay_of_nothing_knows_nothing(warehouse_client: Client, tenant: str) -> None:
    report = replayed(warehouse_client, tenant, STRICT, situation=Situation(BASE))
    assert (report.bound.n, report.bound.upper) == (0, 1.0)
    assert "There were no requests in that time: nothing is known." in report.caveats


def test_it_can_be_cancelled_and_tells_how_far_it_is(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, crowd()))
    shares: list[float] = []

    def stop_at_half(share: float) -> bool:
        shares.append(share)
        return share < 0.5

    request = ReplayRequest(STRICT, SINCE, SINCE + 60)
    source = ReplayReader(warehouse_client, tenant)
    with pytest.raises(Cancelled):
        replay(
            request,
            Situation(BASE, chunk_rows=100),
            source,
            progress=stop_at_half,
            clock=lambda: 0.0,
        )
    assert shares == sorted(shares)
    assert 0.5 <= shares[-1] < 0.6


class Counting(ReplayReader):
    """A reader that notes the size of what it reads."""

    sizes: list[int]

    def rows(self, stretch: Stretch, wording: Wording) -> RowColumns:
        found = super().rows(stretch, wording)
        self.sizes = [*getattr(self, "sizes", []), len(found.decided)]
        return found


def test_no_chunk_is_larger_than_asked_and_none_is_read_twice(warehouse_client: Client, tenant: str) -> None:
    rows: list[EventRow] = judged_rows(tenant, BASE, crowd())
    store(warehouse_client, tenant, rows)
    source = Counting(warehouse_client, tenant)
    request = ReplayRequest(STRICT, SINCE, SINCE + 60)
    replay(request, Situation(BASE, chunk_rows=100), source, progress=watched, clock=lambda: 0.0)
    assert sum(source.sizes) == len(rows)
    assert max(source.sizes) <= 100
    assert len(source.sizes) > 10


def test_a_broken_candidate_or_range_is_told() -> None:
    source = ReplayReader.__new__(ReplayReader)  # it is not asked
    for request in (ReplayRequest("routes: 1", 0, 1), ReplayRequest(BASE, 5, 5)):
        with pytest.raises(NotReplayable):
            replay(request, Situation(BASE), source, progress=watched, clock=lambda: 0.0)


def test_chunks_cover_the_time_without_gaps() -> None:
    span = SpanColumns([10, 11, 12, 20], [5, 5, 50, 1], [0] * 4, [["w"]] * 4)
    found = [each for _, each in stretches_of(span, 5.0, ReplayRequest("", 5.0, 30.0), 10)]
    edges = [(each.after, each.before) for each in found]
    assert edges[0][0] < 5 - 60
    assert edges[-1][1] == 30.0
    assert all(one[1] == other[0] for one, other in itertools.pairwise(edges))


def test_who_comes_later_only_does_not_enlarge_n(warehouse_client: Client, tenant: str) -> None:
    asked = crowd()
    for number in range(40):
        asked += [(40.0 + number / 10, f"ip:10.0.9.{number}", "orders")]
    store(warehouse_client, tenant, judged_rows(tenant, BASE, asked))
    report = replayed(warehouse_client, tenant, STRICT, situation=Situation(BASE, labels=GREEDY_LABEL))
    assert report.seen_legitimate.identities == len(PEERS) + 40
    assert (report.bound.harmed, report.bound.n) == (3, len(PEERS))


def test_requests_that_begin_late_are_parted_in_their_middle(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=1, until_s=60)))
    situation = Situation(BASE)
    report = replayed(warehouse_client, tenant, STRICT, situation=situation, since=SINCE - 3_600)
    assert report.chosen_until == SINCE + 30
    assert first_of(SpanColumns([5, 10, 20], [9, 0, 3], [0] * 3, [[]] * 3), 10.0) == 20.0
    assert first_of(SpanColumns([5], [9], [0], [[]]), 10.0) == 10.0


def test_harm_that_no_rule_does_is_bounded_as_well(warehouse_client: Client, tenant: str) -> None:
    """A route asks for a key: whoever has none is refused, and no rule tells."""
    asked = [each for peer in PEERS[:10] for each in steady(peer, every_s=5, until_s=60)]
    asked += [each for peer in PEERS[10:] for each in steady(peer, every_s=5, until_s=60, route="logins")]
    store(warehouse_client, tenant, judged_rows(tenant, BASE, asked))
    candidate = STRICT.replace(
        '"/orders/{id}", upstream: shop', '"/orders/{id}", upstream: shop, auth: required'
    )
    report = replayed(warehouse_client, tenant, candidate, situation=Situation(BASE))
    assert report.newly_legitimate == Split(120, 10)
    assert (report.bound.harmed, report.bound.n) == (10, 20)
    alone = candidate.replace("  - {name: strict, rate: 1/s, burst: 2}\n", "").replace(
        "  - {name: wide, rate: 100/s, burst: 200}\n",
        "  - {name: wide, mode: off, rate: 100/s, burst: 200}\n",
    )
    report = replayed(warehouse_client, tenant, alone, situation=Situation(BASE))
    assert (report.bound.harmed, report.bound.n) == (10, 10)


def test_a_consumer_that_is_removed_is_harmed(warehouse_client: Client, tenant: str) -> None:
    known = (
        'plans: [{name: gold}]\nconsumers: [{name: acme, plan: gold, keys: [{sha256: "'
        + "a1" * 32
        + '"}]}]\n'
    )
    head = policy_text(more=known).replace("upstream: shop}", "upstream: shop, auth: optional}")
    rows = [
        row(
            tenant,
            at,
            ended_at=SINCE + at * 5,
            route="orders",
            path="/orders/{id}",
            identity="consumer:acme",
            consumer="acme",
            plan="gold",
            credential_hash=int("a1" * 8, 16),
            success=-1,
        )
        for at in range(12)
    ]
    store(warehouse_client, tenant, rows)
    report = replayed(warehouse_client, tenant, head.replace(known, ""), situation=Situation(head))
    assert report.newly_legitimate.identities == 1
    assert (report.bound.harmed, report.bound.n) == (1, 1)


def test_who_turned_greedy_is_harmed_where_a_limit_refuses_its_ordinary_use(
    warehouse_client: Client, tenant: str
) -> None:
    """Its excess is an attack by its rate alone; what it did before is not, in whatever half of the range."""
    usual = [(at / 2, GREEDY, "orders") for at in range(20)]  # ten seconds at two a second
    asked = [
        *usual,
        *((40 + at / 10, GREEDY, "orders") for at in range(200)),
        *((at * 3.0, PEERS[0], "orders") for at in range(20)),
    ]
    store(warehouse_client, tenant, judged_rows(tenant, BASE, asked))
    accused = Labels((Label(GREEDY, SINCE + 41, 0.0),), greedy=frozenset({GREEDY}))
    report = replayed(warehouse_client, tenant, STRICT, situation=Situation(BASE, labels=accused))
    (rule,) = report.rules
    assert (rule.bound.harmed, rule.bound.n) == (1, 2)
    assert any("nothing but that accuses 1 attacker" in each for each in report.caveats)
    generous = STRICT.replace("rate: 1/s, burst: 2", "rate: 3/s, burst: 6")
    report = replayed(warehouse_client, tenant, generous, situation=Situation(BASE, labels=accused))
    (rule,) = report.rules
    assert rule.attack.requests > 100
    assert (rule.bound.harmed, rule.bound.n) == (0, 2)
    for other in (GREEDY_LABEL, Labels((Label(GREEDY, SINCE + 41, 0.0),))):
        plain = replayed(warehouse_client, tenant, STRICT, situation=Situation(BASE, labels=other))
        assert not any("nothing but that accuses" in each for each in plain.caveats)
