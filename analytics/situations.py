"""What a replay needs to know beside the requests: overlays of that time, labels, lost telemetry."""

from collections.abc import Sequence, Set
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client

from analytics.comparison import MOST_WARM_S, Situation
from analytics.labels import Label, Labels, vouched_by
from analytics.replay_rules import changed_rules
from kernel.addresses import Networks, parse_address
from kernel.check import read_policy
from kernel.control import Label as Opinion
from kernel.findings import Overlay
from kernel.policy import AccessRule, Policy
from kernel.replays import ReplayRequest
from warehouse.conduct import read_conduct
from warehouse.findings import read_findings
from warehouse.overlays import read_overlays
from warehouse.readers_replay import ReplayReader
from warehouse.suspects import find_suspects

LONGEST_OVERLAY_S: Final = 86_400.0  # before the warm-up: what was set earlier has expired
MOST_FINDINGS: Final = 10_000
LATEST_NEWS_S: Final = 5.0  # after its creation an overlay is at the proxies; they poll without a pause


def situation_of(
    client: Client, tenant: str, request: ReplayRequest, *, base: str, opinions: Sequence[Opinion] = ()
) -> Situation:
    """From the warehouse and from what operators say. Raises clickhouse_connect's errors."""
    reader = ReplayReader(client, tenant)
    first = request.since - MOST_WARM_S
    began = reader.overlays_began(first, request.until)
    overlays = [
        as_applied(each, began.get(each.id, each.created_at))
        for each in read_overlays(client, tenant, since=first - LONGEST_OVERLAY_S)
    ]
    labels = labels_of(reader, client, tenant, request, opinions)
    policies = [read_policy(text, "", request.since).policy for text in (base, request.policy)]
    denials = denials_of(*policies)
    return Situation(
        base=base,
        overlays=tuple(
            each for each in overlays if each.created_at < request.until and each.expires_at > first
        ),
        labels=with_ordinary(client, tenant, labels, denials, until=request.until),
        lost=reader.loss(request.since, request.until).share,
    )


def as_applied(overlay: Overlay, began: float) -> Overlay:
    """From when the proxy heard of it. A tenth of a second earlier, a limit admits other requests than it
    did, and does so for as long as the client goes on: as many, but each would count as a disagreement."""
    if overlay.created_at < began < min(overlay.created_at + LATEST_NEWS_S, overlay.expires_at):
        return msgspec.structs.replace(overlay, created_at=began)
    return overlay


def labels_of(
    reader: ReplayReader, client: Client, tenant: str, request: ReplayRequest, opinions: Sequence[Opinion]
) -> Labels:
    """Whom findings and operators accuse; an operator's word on an identity or a finding stands above."""
    vouched = vouched_by(opinions)
    named = {each.identity for each in opinions if each.identity and each.label == "attack"}
    accused = reader.accused(request.since - MOST_WARM_S, request.until, refuted=sorted(vouched.findings))
    rows = zip(accused.identity, accused.since, accused.until, accused.by_rate, strict=True)
    told = [(Label(identity, since / 1e6, until / 1e6), by_rate) for identity, since, until, by_rate in rows]
    suspects = suspected(client, tenant, vouched.findings)
    greedy = {label.identity for label, by_rate in told if by_rate}
    greedy -= {label.identity for label, by_rate in told if not by_rate} | {
        each.identity for each in suspects
    }
    attacks = [*(label for label, _ in told), *suspects]
    attacks += [Label(identity, 0.0, 0.0) for identity in sorted(named)]
    cleared = vouched.identities
    if vouched.findings:
        findings = read_findings(client, tenant, limit=MOST_FINDINGS)
        refuted = {each.identity for each in findings if each.id in vouched.findings and each.identity}
        cleared |= refuted - named
    return Labels(tuple(attacks), cleared, greedy=frozenset(greedy - named))


def suspected(client: Client, tenant: str, refuted: Set[str]) -> list[Label]:
    """Whom open findings accuse by now: what is stored of them is up to ten seconds older."""
    still = read_findings(client, tenant, open_only=True, limit=MOST_FINDINGS)
    standing = (finding for finding in still if finding.id not in refuted)
    found = (each for finding in standing for each in find_suspects(client, finding))
    return [Label(each.identity, each.since, each.until) for each in found]


def denials_of(base: Policy | None, candidate: Policy | None) -> list[AccessRule]:
    """The denials that a candidate adds or changes; none where one of the policies is broken."""
    if base is None or candidate is None:
        return []
    rules = changed_rules(base, candidate)
    return [each for each in rules if isinstance(each, AccessRule) and each.action == "deny"]


def with_ordinary(
    client: Client, tenant: str, labels: Labels, denials: Sequence[AccessRule], *, until: float
) -> Labels:
    """With those of the accused who are denied, and did something ordinary before, or where they are not."""
    networks = Networks(network for rule in denials for network in rule.networks)
    accused = {
        identity: min(since for since, _ in stretches)
        for identity, stretches in labels.stretches().items()
        if is_of(identity, networks)
    }
    routes = {route for rule in denials for route in rule.routes}
    denied = tuple(sorted(routes)) if all(rule.routes for rule in denials) else ()
    known = read_conduct(client, tenant, accused, until=until, denied=denied)
    return msgspec.structs.replace(labels, ordinary=known.ordinary)


def is_of(identity: str, networks: Networks) -> bool:
    """Whether an identity is an address of some networks."""
    kind, _, text = identity.partition(":")
    address = parse_address(text.partition("/")[0]) if kind == "ip" else None
    return address is not None and address in networks
