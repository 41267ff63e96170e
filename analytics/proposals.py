"""From findings and gaps to recommendations: which change of the policy an operator should look at. Pure.

client burst         a limit on its route per identity: what 99.9 % of the peers never pass, with headroom
credential stuffing  a limit on logins per identity: what others do in a minute, with headroom
vulnerability scan   deny its address for an hour; never a consumer, never who is on the allow-list
no limit on a route  a generous limit by what is usual there, without an end

Every rule is proposed in mode `shadow`: who approves chooses another. While an `identity-collapsed`
finding is open nothing is proposed against anybody: an address may stand for a whole office.
"""

import math
from collections.abc import Callable, Mapping

import msgspec

from analytics.bursts import CARD as BURST
from analytics.bursts import LEAST_PEERS
from analytics.collapse import CARD as COLLAPSE
from analytics.demand import Usual
from analytics.scans import CARD as SCAN
from analytics.stuffing import CARD as STUFFING
from analytics.windows import EVERYWHERE, SPANS
from kernel.addresses import parse_network
from kernel.allow_list import AllowList
from kernel.findings import Finding
from kernel.patch import AddAccess, AddLimit, Patch
from kernel.policy import AccessRule, Limit, Policy, Rule
from kernel.recommendations import (
    Attribute,
    Evidence,
    Kind,
    Peers,
    Recommendation,
    recommendation_id,
)
from kernel.replays import Example

HEADROOM = 1.5  # over what 99.9 % of the peers never pass
GAP_HEADROOM = 3.0  # where nothing is wrong
MOST_OF_OBSERVED = 0.5  # a limit above half of what the accused does would hardly hold it
LEAST_LOGINS = 2  # at once: one may be mistyped
LOGIN_REFILL_S = 120.0  # until a login limit's bucket is full again
CLIENT_LASTS_S, LOGIN_LASTS_S, SCANNER_LASTS_S = 7_200, 86_400, 3_600
VOID_AFTER_S = 86_400.0  # a proposal against somebody
GAP_VOID_AFTER_S = 7 * 86_400.0
LEAST_LEARNT_S = 30
GAP_LEARNT_S = 300
GAP_CONFIDENCE = 0.5
MOST_WHO = 20  # identities that evidence names
LONG, SHORT = SPANS.index(10), SPANS.index(1)
NAME_LENGTH = 80  # of the part of a rule's name that is not ours


class Facts(msgspec.Struct, frozen=True):
    """What the warehouse says of a finding: who it accuses, what they share, how the others log in."""

    who: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    samples: tuple[Example, ...] = ()
    login_peers: Peers | None = None


class Grounds(msgspec.Struct, frozen=True):
    """What proposals are made of. `usual_of` and `peers_of` (unit and quantiles) are asked by scope."""

    now: float
    policy: Policy
    revision: str
    findings: tuple[Finding, ...]
    facts: Mapping[str, Facts]  # by finding's id
    usual_of: Callable[[str], Usual]
    peers_of: Callable[[str], Peers | None]


def propose(grounds: Grounds) -> tuple[Recommendation, ...]:
    """What to propose now, each id once, the most confident first."""
    if any(each.detector == COLLAPSE.number for each in grounds.findings):
        return ()
    found: dict[str, Recommendation] = {}
    for finding in sorted(grounds.findings, key=lambda each: (-each.score, each.id)):
        made = of_finding(finding, grounds)
        if made is not None:
            found.setdefault(made.id, made)
    for made in (of_gap(route.name, grounds) for route in grounds.policy.routes):
        if made is not None:
            found.setdefault(made.id, made)
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
    if is_there(limit, grounds):
        return None
    if peers is not None:
        peers = msgspec.structs.replace(peers, observed=round(observed * SPANS[LONG], 1))
    where = finding.route or "every route"
    return made(
        grounds,
        "limit-client",
        finding,
        Draft(
            key=finding.route or EVERYWHERE,
            title=f"Limit each client to {rate:g} requests/s on {where}",
            reason=f"{finding.identity} sends {observed:.3g} requests/s. 99.9 % of {usual.identities} peers "
            f"never pass {fitted:.3g} over ten seconds; the limit leaves them headroom.",
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
    if is_there(limit, grounds):
        return None
    return made(
        grounds,
        "limit-logins",
        finding,
        Draft(
            key=finding.route,
            title=f"Limit each client to {burst} logins at once on {finding.route}, "
            f"{limit.rate * 60:.2g} a minute",
            reason=f"{finding.summary}. 99.9 % of {peers.identities} clients that nothing accuses log in at "
            f"most {peers.p999:g} times a minute; the limit leaves them headroom. A source with fewer tries "
            "passes it: the replay tells how many.",
            operation=AddLimit(limit),
            lasts_s=LOGIN_LASTS_S,
            peers=peers,
        ),
    )


def of_scan(finding: Finding, grounds: Grounds) -> Recommendation | None:
    """Deny the address of a scanner; nobody who authenticated or is allow-listed, no address in disguise."""
    kind, _, text = finding.identity.partition(":")
    network = parse_network(text) if kind == "ip" else None
    if network is None or grounds.policy.telemetry.addresses != "raw":
        return None
    if finding.identity in AllowList(grounds.policy.allow_list):
        return None
    rule = AccessRule(
        name=f"deny-scanner-{text}",
        mode="shadow",
        action="deny",
        networks=(str(network),),
        reason="vulnerability scan",
    )
    if is_there(rule, grounds):
        return None
    return made(
        grounds,
        "deny-scanner",
        finding,
        Draft(
            key=finding.identity,
            title=f"Deny {network} for an hour",
            reason=f"{finding.summary}. Its requests came without a valid key; the rule ends by itself.",
            operation=AddAccess(rule),
            lasts_s=SCANNER_LASTS_S,
            peers=None,
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
    if is_there(limit, grounds):
        return None
    return made(
        grounds,
        "limit-route",
        None,
        Draft(
            key=route,
            title=f"Limit each client to {rate:g} requests/s on {route}, which has no limit",
            reason=f"No limit covers {route}. The value is {GAP_HEADROOM:g} times what any of "
            f"{usual.identities} clients asked for over ten seconds in the last minutes.",
            operation=AddLimit(limit),
            lasts_s=0,
            peers=grounds.peers_of(route),
        ),
    )


class Draft(msgspec.Struct, frozen=True):
    """What differs from kind to kind."""

    key: str
    title: str
    reason: str
    operation: AddLimit | AddAccess
    lasts_s: int
    peers: Peers | None


def made(grounds: Grounds, kind: Kind, finding: Finding | None, draft: Draft) -> Recommendation:
    """The whole recommendation."""
    facts = grounds.facts.get(finding.id, Facts()) if finding else Facts()
    named = facts.who or ((finding.identity,) if finding and finding.identity else ())
    operation = draft.operation
    rule = operation.limit.name if isinstance(operation, AddLimit) else operation.access.name
    tenant = grounds.policy.tenant
    return Recommendation(
        id=recommendation_id(tenant, kind, draft.key),
        tenant=tenant,
        kind=kind,
        detector=finding.detector if finding else "",
        finding=finding.id if finding else "",
        key=draft.key,
        route=finding.route if finding else draft.key,
        title=draft.title,
        reason=draft.reason,
        patch=Patch(grounds.revision, (operation,)),
        rules=(rule,),
        lasts_s=draft.lasts_s,
        evidence=Evidence(
            who=named[:MOST_WHO],
            identities=len(named),
            what=finding.summary if finding else draft.reason,
            observations=finding.evidence if finding else (),
            attributes=facts.attributes,
            peers=draft.peers,
            samples=facts.samples,
        ),
        confidence=finding.confidence if finding else GAP_CONFIDENCE,
        created_at=grounds.now,
        expires_at=grounds.now + (VOID_AFTER_S if finding else GAP_VOID_AFTER_S),
    )


def is_scanning(identity: str, grounds: Grounds) -> bool:
    """Whether a scan by that identity is open: its denial is proposed, a limit as well would be noise."""
    return any(each.detector == SCAN.number and each.identity == identity for each in grounds.findings)


def is_there(rule: Rule, grounds: Grounds) -> bool:
    """Whether the policy holds a rule of that name, or a limit that is as tight where this one applies."""
    names = {each.name for rules in (grounds.policy.limits, grounds.policy.access) for each in rules}
    if rule.name in names:
        return True
    return isinstance(rule, Limit) and any(
        each.mode == "enforce"
        and each.adaptive is None
        and each.key == "identity"
        and each.rate <= rule.rate
        and is_limiting(each, route, grounds.now)
        for each in grounds.policy.limits
        for route in rule.routes
    )


def is_limiting(limit: Limit, route: str, now: float) -> bool:
    """Whether a limit applies to everybody on a route, in whatever mode but off."""
    is_over = limit.expires_at is not None and limit.expires_at.timestamp() <= now
    covers = not limit.routes or route in limit.routes
    return covers and limit.mode != "off" and not limit.plans and not is_over


def short(name: str) -> str:
    """A name that fits into a rule's."""
    return name[:NAME_LENGTH].rstrip()


def rounded(rate: float) -> float:
    """Requests per second with two digits that count, upwards, as people write them.

    >>> rounded(0.0833), rounded(12.31), rounded(480.2)
    (0.084, 13.0, 490.0)
    """
    step = 10.0 ** (math.floor(math.log10(max(rate, 1e-3))) - 1)
    return round(math.ceil(round(rate / step, 6)) * step, 6)
