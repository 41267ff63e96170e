import msgspec
import pytest

from analytics.demand import Usual
from analytics.proposals import CLIENT_LASTS_S, propose
from kernel.patch import AddLimit
from kernel.policy import AccessRule, Limit
from kernel.recommendations import Recommendation
from tests.analytics.grounded import GREEDY, SCANNER, STUFFED, USUAL, grounds
from tests.analytics.policies import PER_CLIENT, policy
from tests.analytics.proposing import LOGIN_PEERS, NOW, finding_of


def limit_of(made: Recommendation) -> Limit:
    """The limit that its patch adds."""
    (operation,) = made.patch.operations
    assert isinstance(operation, AddLimit)
    assert made.rules == (operation.limit.name,)
    return operation.limit


def test_a_greedy_client_gets_a_limit_on_its_route_above_what_its_peers_do() -> None:
    (made,) = propose(grounds(GREEDY))
    limit = limit_of(made)
    assert (made.kind, made.key, made.lasts_s, made.patch.base) == (
        "limit-client",
        "products",
        CLIENT_LASTS_S,
        "r1",
    )
    assert (limit.name, limit.key, limit.routes, limit.mode) == (
        "limit-clients-products",
        "identity",
        ("products",),
        "shadow",
    )
    assert limit.rate == pytest.approx(1.5 * 30 / 10)
    assert limit.burst == 9
    assert made.evidence.peers is not None
    assert made.evidence.peers.observed == 600.0
    assert made.evidence.observations == GREEDY.evidence


def test_two_greedy_clients_on_one_route_need_one_limit() -> None:
    worse = finding_of("D1", "ip:203.0.113.10", route="products", score=40.0)
    (made,) = propose(grounds(GREEDY, worse))
    assert made.finding == worse.id


def test_a_limit_holds_who_it_is_about_and_never_goes_below_its_peers() -> None:
    greatest = Usual(120, 600, (6.0, 12.0, 30.0), (100.0, 300.0, 900.0), (50, 100, 300))
    assert limit_of(propose(grounds(GREEDY, usual=greatest))[0]).rate == pytest.approx(30.0)


def test_nothing_is_proposed_of_who_has_too_few_peers() -> None:
    assert propose(grounds(GREEDY, usual=USUAL._replace(identities=20))) == ()
    assert propose(grounds(GREEDY, usual=USUAL._replace(learnt_s=20))) == ()


def test_stuffed_logins_get_a_limit_that_legitimate_clients_never_meet() -> None:
    (made,) = (each for each in propose(grounds(STUFFED)) if each.kind == "limit-logins")
    limit = limit_of(made)
    assert (made.kind, made.detector, made.key, limit.routes) == ("limit-logins", "D3", "orders", ("orders",))
    assert limit.burst >= LOGIN_PEERS.p999
    assert limit.rate == pytest.approx(limit.burst / 120, rel=0.1)
    assert made.evidence.who == ("ip:198.51.100.1", "ip:198.51.100.2")
    assert propose(msgspec.structs.replace(grounds(STUFFED), facts={})) == ()


def test_consumers_and_the_allow_list_are_left_alone() -> None:
    assert propose(grounds(finding_of("D7", "consumer:partner"))) == ()
    allowing = policy(allow_list=("203.0.113.0/24",))
    assert propose(grounds(SCANNER, GREEDY, by=allowing)) == ()


def test_while_an_address_may_be_a_proxy_nobody_is_accused() -> None:
    collapsed = finding_of("G1", "ip:10.0.0.1")
    assert propose(grounds(GREEDY, SCANNER, STUFFED, collapsed)) == ()


def test_what_is_closed_or_of_another_kind_proposes_nothing() -> None:
    assert propose(grounds(msgspec.structs.replace(GREEDY, closed_at=NOW))) == ()
    assert propose(grounds(finding_of("D17", route="products"))) == ()


def test_what_is_in_the_policy_is_not_proposed_again() -> None:
    limit = Limit(name="limit-clients-products", rate=4.0, burst=9, routes=("products",), mode="off")
    assert propose(grounds(GREEDY, by=policy(PER_CLIENT, limit))) == ()
    tighter = Limit(name="mine", rate=1.0, burst=9, routes=("products",))
    assert propose(grounds(GREEDY, by=policy(PER_CLIENT, tighter))) == ()
    denied = AccessRule(name="deny-scanner-203.0.113.66", action="deny", networks=("203.0.113.66",))
    assert propose(grounds(SCANNER, by=msgspec.structs.replace(policy(), access=(denied,)))) == ()


def test_a_route_without_any_limit_gets_a_generous_one_without_an_end() -> None:
    on_orders = Limit(name="orders", rate=9.0, burst=9, routes=("orders",))
    (made,) = propose(grounds(by=policy(on_orders)))
    assert (made.kind, made.key, made.lasts_s, made.finding) == ("limit-route", "products", 0, "")
    assert made.confidence < GREEDY.confidence
    assert limit_of(made).rate == pytest.approx(9.0)
    assert propose(grounds(by=policy(on_orders), usual=USUAL._replace(learnt_s=60))) == ()


def test_ids_are_stable_and_rules_have_names_of_their_own() -> None:
    first, later = grounds(GREEDY, STUFFED, SCANNER), grounds(SCANNER, STUFFED, GREEDY)
    assert [each.id for each in propose(first)] == [each.id for each in propose(later)]
    rules = [rule for each in propose(first) for rule in each.rules]
    assert len(set(rules)) == len(rules) == 4


def test_a_scanner_that_bursts_as_well_is_denied_and_not_limited() -> None:
    bursting = finding_of("D1", SCANNER.identity, route="products")
    assert [each.kind for each in propose(grounds(bursting, SCANNER))] == ["deny-scanner"]
