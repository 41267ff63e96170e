"""Whom to deny: addresses that a scan or stuffed logins are traced to. For an hour, and never for ever. Pure.

Denied is an address only: never a consumer, never who is on the allow-list, nobody where addresses are stored
in disguise. And none from where somebody authenticated within a day (`Conduct.authenticated`); of stuffed
logins none that did anything ordinary before it was accused. A takeover itself, a success amid the failures,
is no ordinary conduct. Limits per address are blind to 200 addresses with three tries each (Herley and
Schechter, NDSS 2019), so that these are denied one by one, on the login route alone.
"""

from collections.abc import Iterator

from analytics.drafts import Draft, Facts, Grounds, is_there, made, short
from analytics.stuffing import CARD as STUFFING
from kernel.addresses import Networks, parse_address, parse_network
from kernel.allow_list import AllowList
from kernel.findings import Finding
from kernel.patch import AddAccess, Patch
from kernel.policy import AccessRule
from kernel.recommendations import Recommendation
from warehouse.conduct import MOST_ASKED

LASTS_S = 3_600
MOST_NETWORKS = 500  # in one rule: more are no list that a person reads
AFTERWARDS_S = 1_800.0  # an operator may come later than an attack lasts


def of_scan(finding: Finding, grounds: Grounds) -> Recommendation | None:
    """Deny the address of a scanner; None before it is known that nobody authenticated from there."""
    conduct = grounds.facts.get(finding.id, Facts()).conduct
    if finding.identity not in conduct.known - conduct.authenticated:
        return None
    network = network_of(finding.identity, grounds, AllowList(grounds.policy.allow_list))
    if network is None:
        return None
    rule = AccessRule(
        name=f"deny-scanner-{finding.identity.removeprefix('ip:')}",
        mode="shadow",
        action="deny",
        networks=(network,),
        reason="vulnerability scan",
    )
    if is_there(rule, grounds.policy, grounds.now):
        return None
    return made(
        grounds,
        "deny-scanner",
        finding,
        Draft(
            key=finding.identity,
            title=f"Deny {network} for an hour",
            reason=f"{finding.summary}. Nobody authenticated from there within a day.",
            operation=AddAccess(rule),
            lasts_s=LASTS_S,
            peers=None,
        ),
    )


def of_stuffers(grounds: Grounds) -> Iterator[Recommendation]:
    """One denial for each route whose logins are, or were of late, stuffed."""
    findings = [each for each in grounds.findings if each.detector == STUFFING.number]
    for route in sorted({each.route for each in findings}):
        here = sorted((each for each in findings if each.route == route), key=lambda each: each.onset)
        # What an operator approved stays: a finding that follows gets a rule of its own beside it.
        names = {rule.name for rule in grounds.policy.access}
        free = [each for each in here if name_of(each) not in names]
        proposed = of_incident(free[0], tuple(here), grounds) if free else None
        if proposed is not None:
            yield proposed


def of_incident(first: Finding, findings: tuple[Finding, ...], grounds: Grounds) -> Recommendation | None:
    """Deny whom these findings about one route accuse, the busiest first; None where nobody is left."""
    known = [grounds.facts.get(each.id, Facts()) for each in findings]
    # Of nobody else is it known what they did besides.
    accused = dict.fromkeys(who for facts in known for who in facts.who if who in facts.conduct.known)
    spared = frozenset[str]().union(*(facts.conduct.ordinary for facts in known))
    allowed = AllowList(grounds.policy.allow_list)
    found = {who: network_of(who, grounds, allowed) for who in accused if who not in spared}
    denied = denied_on(first.route, grounds)
    who = [each for each, network in found.items() if network and not is_within(each, denied)]
    if not who:
        return None
    more = max(len(who) - MOST_NETWORKS, 0) + sum(max(len(each.who) - MOST_ASKED, 0) for each in known)
    who = who[:MOST_NETWORKS]
    rule = AccessRule(
        name=name_of(first),
        mode="shadow",
        action="deny",
        networks=tuple(str(found[each]) for each in who),
        routes=(first.route,),
        reason="credential stuffing",
    )
    addresses = "1 address" if len(who) == 1 else f"{len(who)} addresses"
    said = [
        f"{findings[-1].summary}.",
        f"Each of {addresses} failed there with several users, or did nothing else.",
        "A limit per client hardly meets who tries a time or two.",
    ]
    if len(accused) - len(found):
        said.append(f"{len(accused) - len(found)} more are spared: they were in ordinary use before.")
    if more:
        said.append(f"{more} more are left out: a rule names {MOST_NETWORKS} at most, the busiest.")
    draft = Draft(
        key=f"{first.route} {first.id}",
        title=f"Deny {addresses} on {first.route} for an hour",
        reason=" ".join(said),
        operation=AddAccess(rule),
        lasts_s=LASTS_S,
        peers=None,
        who=tuple(who),
    )
    return made(grounds, "deny-stuffers", first, draft)


def denied_by(patch: Patch) -> frozenset[str]:
    """The networks that a patch denies."""
    return frozenset(network for rule in denials_in(patch) for network in rule.networks)


def denials_in(patch: Patch) -> list[AccessRule]:
    """The rules of a patch that deny."""
    added = [each.access for each in patch.operations if isinstance(each, AddAccess)]
    return [each for each in added if each.action == "deny"]


def name_of(finding: Finding) -> str:
    """The rule's name: one for each finding, as an approved one is not extended."""
    return f"deny-stuffers-{short(finding.route)}-{finding.id[:6]}"


def network_of(identity: str, grounds: Grounds, allowed: AllowList) -> str | None:
    """The network that an identity stands for; None where it must not be denied."""
    kind, _, text = identity.partition(":")
    network = parse_network(text) if kind == "ip" else None
    if network is None or grounds.policy.telemetry.addresses != "raw" or identity in allowed:
        return None
    return str(network)


def denied_on(route: str, grounds: Grounds) -> Networks:
    """Networks that are refused on a route already."""
    return Networks(
        network
        for rule in grounds.policy.access
        if rule.action == "deny"
        and rule.mode == "enforce"
        and (not rule.routes or route in rule.routes)
        and (rule.expires_at is None or rule.expires_at.timestamp() > grounds.now)
        for network in rule.networks
    )


def is_within(identity: str, networks: Networks) -> bool:
    """Whether an address lies in one of them."""
    address = parse_address(identity.removeprefix("ip:").partition("/")[0])
    return address is not None and address in networks
