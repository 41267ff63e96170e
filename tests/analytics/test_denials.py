import datetime as dt

import msgspec

from analytics.denials import LASTS_S, MOST_NETWORKS, denied_by
from analytics.drafts import Facts, Grounds
from analytics.proposals import propose
from kernel.findings import Finding
from kernel.patch import AddAccess
from kernel.policy import AccessRule, Policy, Telemetry
from kernel.recommendations import Recommendation
from tests.analytics.grounded import SCANNER, STUFFED, grounds
from tests.analytics.policies import policy
from tests.analytics.proposing import NOW, finding_of
from warehouse.conduct import MOST_ASKED, Conduct

LATER = msgspec.structs.replace(STUFFED, id="f" * 16, onset=NOW - 5, summary="again")
DISGUISED = msgspec.structs.replace(policy(), telemetry=Telemetry(addresses="truncated"))


def knowing(given: Grounds, finding: Finding, *who: str, conduct: Conduct = Conduct()) -> Grounds:  # noqa: B008
    """Grounds on which that finding accuses these."""
    who = who or given.facts[finding.id].who
    conduct = msgspec.structs.replace(conduct, known=frozenset(who[:MOST_ASKED]))
    facts = msgspec.structs.replace(given.facts[finding.id], who=who, conduct=conduct)
    return msgspec.structs.replace(given, facts={**given.facts, finding.id: facts})


def denials(given: Grounds) -> list[Recommendation]:
    """Those that are about stuffed logins."""
    return [each for each in propose(given) if each.kind == "deny-stuffers"]


def rule_of(made: Recommendation) -> AccessRule:
    """The rule that its patch adds."""
    (operation,) = made.patch.operations
    assert isinstance(operation, AddAccess)
    return operation.access


def test_a_scanner_is_denied_by_its_address_for_an_hour() -> None:
    (made,) = propose(grounds(SCANNER))
    rule = rule_of(made)
    assert (rule.action, rule.networks, rule.name) == (
        "deny",
        ("203.0.113.66/32",),
        "deny-scanner-203.0.113.66",
    )
    assert made.lasts_s == LASTS_S
    (made,) = propose(grounds(finding_of("D7", "ip:2001:db8:0:1::/64")))
    assert rule_of(made).networks == ("2001:db8:0:1::/64",)


def test_a_scanner_is_spared_where_somebody_authenticated_or_nobody_looked() -> None:
    office = Conduct(authenticated=frozenset({SCANNER.identity}))
    assert propose(knowing(grounds(SCANNER), SCANNER, conduct=office)) == ()
    assert propose(msgspec.structs.replace(grounds(SCANNER), facts={})) == ()
    reader = Conduct(ordinary=frozenset({SCANNER.identity}))  # scanners read pages as well: the replay tells
    assert len(propose(knowing(grounds(SCANNER), SCANNER, conduct=reader))) == 1


def test_addresses_in_disguise_are_never_denied() -> None:
    assert propose(grounds(SCANNER, by=DISGUISED)) == ()
    assert denials(grounds(STUFFED, by=DISGUISED)) == []


def test_whom_stuffed_logins_accuse_is_denied_on_their_route_alone() -> None:
    given = knowing(grounds(STUFFED), STUFFED, "ip:198.51.100.2", "ip:2001:db8:0:1::/64", "consumer:partner")
    (made,) = denials(given)
    rule = rule_of(made)
    assert (rule.action, rule.mode, rule.routes) == ("deny", "shadow", ("orders",))
    assert rule.networks == ("198.51.100.2/32", "2001:db8:0:1::/64")
    assert denied_by(made.patch) == set(rule.networks)
    assert (made.lasts_s, made.finding, made.detector) == (LASTS_S, STUFFED.id, "D3")
    assert made.evidence.who == ("ip:198.51.100.2", "ip:2001:db8:0:1::/64")
    assert "2 addresses" in made.title


def test_who_was_ordinary_before_and_the_allow_list_are_spared() -> None:
    known = Conduct(ordinary=frozenset({"ip:198.51.100.1"}))
    given = knowing(grounds(STUFFED), STUFFED, "ip:198.51.100.1", "ip:198.51.100.2", conduct=known)
    (made,) = denials(given)
    assert rule_of(made).networks == ("198.51.100.2/32",)
    assert "1 more are spared" in made.reason
    assert denials(grounds(STUFFED, by=policy(allow_list=("198.51.100.0/24",)))) == []


def test_the_busiest_are_denied_where_there_are_too_many() -> None:
    many = [f"ip:10.0.{at // 250}.{at % 250}" for at in range(MOST_NETWORKS + 7)]
    (made,) = denials(knowing(grounds(STUFFED), STUFFED, *many))
    assert len(rule_of(made).networks) == MOST_NETWORKS
    assert rule_of(made).networks[0] == "10.0.0.0/32"
    assert "7 more are left out" in made.reason


def test_nobody_is_denied_whose_conduct_was_not_asked_for() -> None:
    many = [f"ip:10.0.{at // 250}.{at % 250}" for at in range(MOST_ASKED + 9)]
    known = Conduct(ordinary=frozenset(many[1:MOST_ASKED]))
    (made,) = denials(knowing(grounds(STUFFED), STUFFED, *many, conduct=known))
    assert rule_of(made).networks == ("10.0.0.0/32",)
    assert "9 more are left out" in made.reason


def test_an_attack_that_ended_of_late_is_still_proposed_of_and_one_that_goes_on_is_the_same() -> None:
    ended = msgspec.structs.replace(STUFFED, closed_at=NOW - 9)
    (first,) = denials(grounds(STUFFED))
    (made,) = denials(knowing(grounds(ended), ended, "ip:198.51.100.1"))
    assert made.id == first.id
    given = knowing(grounds(ended, LATER), LATER, "ip:198.51.100.9")
    (made,) = denials(given)
    assert made.id == first.id
    assert rule_of(made).networks == ("198.51.100.1/32", "198.51.100.2/32", "198.51.100.9/32")


def test_beside_an_approved_denial_a_later_attack_gets_one_of_its_own() -> None:
    (first,) = denials(grounds(STUFFED))
    enforced = msgspec.structs.replace(rule_of(first), mode="enforce")
    approved = msgspec.structs.replace(policy(), access=(enforced,))
    assert denials(grounds(STUFFED, by=approved)) == []
    given = knowing(grounds(STUFFED, LATER, by=approved), LATER, "ip:198.51.100.1", "ip:198.51.100.9")
    (made,) = denials(given)
    assert made.id != first.id
    assert rule_of(made).name != rule_of(first).name
    assert rule_of(made).networks == ("198.51.100.9/32",)


def test_a_denial_that_ended_denies_nobody() -> None:
    over = dt.datetime.fromtimestamp(NOW - 1, dt.UTC)
    gone = AccessRule(name="old", action="deny", networks=("198.51.100.0/24",), expires_at=over)
    assert len(denials(grounds(STUFFED, by=msgspec.structs.replace(policy(), access=(gone,))))) == 1
    lasting = msgspec.structs.replace(gone, expires_at=None)
    assert denials(grounds(STUFFED, by=msgspec.structs.replace(policy(), access=(lasting,)))) == []


def test_a_finding_that_nobody_asked_about_accuses_nobody() -> None:
    by: Policy = policy()
    given = msgspec.structs.replace(grounds(STUFFED, by=by), facts={STUFFED.id: Facts()})
    assert denials(given) == []
