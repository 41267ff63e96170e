"""From findings and gaps to recommendations: which change of the policy an operator should look at. Pure.

client burst         a limit on its route per identity: what 99.9 % of the peers never pass, with headroom
credential stuffing  deny whom it accuses on the login route for an hour, see analytics.denials; and
                     a limit on logins per identity: what others do in a minute, with headroom
vulnerability scan   deny its address for an hour, see analytics.denials
no limit on a route  a generous limit by what is usual there, without an end

Every rule is proposed in mode `shadow`: who approves chooses another. While an `identity-collapsed`
finding is open nothing is proposed against anybody: an address may stand for a whole office.
"""

import math

import msgspec

from analytics.bursts import CARD as BURST
from analytics.bursts import LEAST_PEERS
from analytics.choosing import title_of
from analytics.collapse import CARD as COLLAPSE
from analytics.denials import of_scan, of_stuffers
from analytics.drafts import Draft, Facts, Grounds, is_limiting, is_there, made, rounded, short
from analytics.scans import CARD as SCAN
from analytics.stuffing import CARD as STUFFING
from analytics.windows import EVERYWHERE, SPANS
from kernel.allow_list import AllowList
from kernel.findings import Finding
from kernel.patch import AddLimit
from kernel.policy import Limit
from kernel.recommendations import Recommendation
from kernel.wording import to_rate

HEADROOM = 1.5  # over what 99.9 % of the peers never pass
GAP_HEADROOM = 3.0  # where nothing is wrong
MOST_OF_OBSERVED = 0.5  # a limit above half of what the accused does would hardly hold it
LEAST_LOGINS = 2  # at once: one may be mistyped
LOGIN_REFILL_S = 120.0  # until a login limit's bucket is full again
CLIENT_LASTS_S, LOGIN_LASTS_S = 7_200, 86_400
LEAST_LEARNT_S = 30
GAP_LEARNT_S = 300
LONG, SHORT = SPANS.index(10), SPANS.index(1)


def propose(grounds: Grounds) -> tuple[Recommendation, ...]:
    """What to propose now, each id once, the most confident first."""
    if any(each.detector == COLLAPSE.number and not each.closed_at for each in grounds.findings):
        return ()
    gravest = sorted(grounds.findings, key=lambda each: (-each.score, each.id))
    proposed = [
        *of_stuffers(grounds),
        *(of_finding(each, grounds) for each in gravest),
        *(of_gap(route.name, grounds) for route in grounds.policy.routes),
    ]
    found: dict[str, Recommendation] = {}
    for each in proposed:
        if each is not None:
            found.setdefault(each.id, each)
    return tuple(sorted(found.values(), key=lambda each: (-each.confidence, each.id)))


def of_finding(finding: Finding, grounds: Grounds) -> Recommendation | None:
    """What to do about one finding; None where nothing can or must not be done."""
    if finding.closed_at:
        return None
    if finding.detector == BURST.number:
        return of_burst(finding, grounds)
    if finding.detector == STUFFING.number:
        return of_stuffing(finding, grounds)
    return of_scan(finding, grounds) if finding.detector == SCAN.number else None


def of_burst(finding: Finding, grounds: Grounds) -> Recommendation | None:
    """A limit per identity on the route of a client burst."""
    if finding.identity in AllowList(grounds.policy.allow_list) or is_scanning(finding.identity, grounds):
        return None
    scope = finding.route or EVERYWHERE
    usual, peers = grounds.usual_of(scope), grounds.peers_of(scope)
    if usual.identities < LEAST_PEERS or usual.learnt_s < LEAST_LEARNT_S:
        return None
    observed = finding.evidence[0].observed if finding.evidence else 0.0  # requests per second
    fitted = usual.fitted[LONG] / SPANS[LONG]
    wanted = HEADROOM * max(usual.fitted[LONG], usual.greatest[LONG]) / SPANS[LONG]
    rate = rounded(max(fitted, min(wanted, MOST_OF_OBSERVED * observed)))
    limit = Limit(
        name=f"limit-clients-{short(finding.route or 'everywhere')}",
        mode="shadow",
        rate=rate,
        burst=max(math.ceil(HEADROOM * max(usual.fitted[SHORT], usual.greatest[SHORT])), math.ceil(rate), 1),
        routes=(finding.route,) if finding.route else (),
        reason=f"client burst of {finding.identity}",
    )
    if is_there(limit, grounds.policy, grounds.now):
        return None
    if peers is not None:
        peers = msgspec.structs.replace(peers, observed=round(observed * SPANS[LONG], 1))
    return made(
        grounds,
        "limit-client",
        finding,
        Draft(
            key=finding.route or EVERYWHERE,
            title=title_of("limit-client", limit),
            reason=f"{finding.identity} sends {to_rate(observed, 'requests')}. "
            f"99.9 % of {usual.identities} peers never pass {to_rate(fitted)} over ten seconds; "
            "the limit leaves them headroom.",
            operation=AddLimit(limit),
            lasts_s=CLIENT_LASTS_S,
            peers=peers,
        ),
    )


def of_stuffing(finding: Finding, grounds: Grounds) -> Recommendation | None:
    """A limit per identity on the route of stuffed logins."""
    peers = grounds.facts.get(finding.id, Facts()).login_peers
    if peers is None:
        return None
    burst = max(math.ceil(HEADROOM * peers.p999), LEAST_LOGINS)
    limit = Limit(
        name=f"limit-logins-{short(finding.route)}",
        mode="shadow",
        rate=rounded(burst / LOGIN_REFILL_S),
        burst=burst,
        routes=(finding.route,),
        reason="credential stuffing",
    )
    if is_there(limit, grounds.policy, grounds.now):
        return None
    return made(
        grounds,
        "limit-logins",
        finding,
        Draft(
            key=finding.route,
            title=title_of("limit-logins", limit),
            reason=f"{finding.summary}. 99.9 % of {peers.identities} clients that nothing accuses log in at "
            f"most {peers.p999:g} times a minute; the limit leaves them headroom. A source with fewer tries "
            "passes it: the replay tells how many.",
            operation=AddLimit(limit),
            lasts_s=LOGIN_LASTS_S,
            peers=peers,
        ),
    )


def of_gap(route: str, grounds: Grounds) -> Recommendation | None:
    """A generous limit where no rule limits a route at all."""
    if any(is_limiting(limit, route, grounds.now) for limit in grounds.policy.limits):
        return None
    usual = grounds.usual_of(route)
    if usual.identities < LEAST_PEERS or usual.learnt_s < GAP_LEARNT_S:
        return None
    rate = rounded(GAP_HEADROOM * max(usual.fitted[LONG], usual.greatest[LONG]) / SPANS[LONG])
    limit = Limit(
        name=f"limit-route-{short(route)}",
        mode="shadow",
        rate=rate,
        burst=max(math.ceil(GAP_HEADROOM * max(usual.fitted[SHORT], usual.greatest[SHORT])), math.ceil(rate)),
        routes=(route,),
        reason="no limit covered this route",
    )
    if is_there(limit, grounds.policy, grounds.now):
        return None
    return made(
        grounds,
        "limit-route",
        None,
        Draft(
            key=route,
            title=f"Limit each client to {to_rate(rate, 'requests')} on {route}, which has no limit",
            reason=f"No limit covers {route}. The value is {GAP_HEADROOM:g} times what any of "
            f"{usual.identities} clients asked for over ten seconds in the last minutes.",
            operation=AddLimit(limit),
            lasts_s=0,
            peers=grounds.peers_of(route),
        ),
    )


def is_scanning(identity: str, grounds: Grounds) -> bool:
    """Whether a scan by that identity is open: its denial is proposed, a limit as well would be noise."""
    return any(
        each.detector == SCAN.number and each.identity == identity and not each.closed_at
        for each in grounds.findings
    )
