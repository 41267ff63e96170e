"""Grounds on which proposals are made, with findings to go with them."""

import msgspec

from analytics.demand import Usual
from analytics.drafts import Facts, Grounds
from kernel.findings import Finding
from kernel.policy import Policy
from kernel.recommendations import Peers
from tests.analytics.policies import policy
from tests.analytics.proposing import LOGIN_PEERS, NOW, finding_of
from warehouse.conduct import Conduct

USUAL = Usual(120, 600, (6.0, 12.0, 30.0), (5.0, 10.0, 24.0), (50, 100, 300))
PEERS = Peers("requests per 10 s", 120, 4.0, 10.0, 20.0, 24.0, 24.0, observed=0.0)
GREEDY = finding_of("D1", "ip:203.0.113.9", route="products")
STUFFED = finding_of("D3", route="orders")
SCANNER = finding_of("D7", "ip:203.0.113.66")


def grounds(*findings: Finding, by: Policy | None = None, usual: Usual = USUAL) -> Grounds:
    """Grounds with these open findings."""
    facts = {}
    for each in findings:
        who = (each.identity,) if each.identity else ("ip:198.51.100.1", "ip:198.51.100.2")
        facts[each.id] = Facts(who=who, conduct=Conduct(known=frozenset(who)))
    for each in findings:
        if each.detector == "D3":
            facts[each.id] = msgspec.structs.replace(facts[each.id], login_peers=LOGIN_PEERS)
    return Grounds(
        now=NOW,
        policy=by or policy(),
        revision="r1",
        findings=findings,
        facts=facts,
        usual_of=lambda _: usual,
        peers_of=lambda _: PEERS,
    )
