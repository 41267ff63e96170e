"""What a replay needs to know beside the requests: overlays of that time, labels, lost telemetry."""

from collections.abc import Sequence
from typing import Final

from clickhouse_connect.driver.client import Client

from analytics.comparison import MOST_WARM_S, Situation
from analytics.labels import Label, Labels
from kernel.control import Label as Opinion
from kernel.replays import ReplayRequest
from warehouse.findings import read_findings
from warehouse.overlays import read_overlays
from warehouse.readers_replay import ReplayReader

LONGEST_OVERLAY_S: Final = 86_400.0  # before the warm-up: what was set earlier has expired
MOST_FINDINGS: Final = 10_000


def situation_of(
    client: Client, tenant: str, request: ReplayRequest, *, base: str, opinions: Sequence[Opinion] = ()
) -> Situation:
    """From the warehouse and from what operators say. Raises clickhouse_connect's errors."""
    reader = ReplayReader(client, tenant)
    first = request.since - MOST_WARM_S
    overlays = read_overlays(client, tenant, since=first - LONGEST_OVERLAY_S)
    return Situation(
        base=base,
        overlays=tuple(
            each for each in overlays if each.created_at < request.until and each.expires_at > first
        ),
        labels=labels_of(reader, client, tenant, request, opinions),
        lost=reader.loss(request.since, request.until).share,
    )


def labels_of(
    reader: ReplayReader, client: Client, tenant: str, request: ReplayRequest, opinions: Sequence[Opinion]
) -> Labels:
    """Whom findings and operators accuse; an operator's word on an identity or a finding stands above."""
    said = {each.identity: each.label for each in opinions if each.identity}
    refuted = {each.finding for each in opinions if each.finding and each.label == "legitimate"}
    accused = reader.accused(request.since - MOST_WARM_S, request.until)
    attacks = [
        Label(identity, since / 1e6, until / 1e6)
        for identity, since, until in zip(accused.identity, accused.since, accused.until, strict=True)
    ]
    attacks += [Label(identity, 0.0, 0.0) for identity, label in said.items() if label == "attack"]
    cleared = {identity for identity, label in said.items() if label == "legitimate"}
    if refuted:
        findings = read_findings(client, tenant, limit=MOST_FINDINGS)
        cleared |= {each.identity for each in findings if each.id in refuted and each.identity}
    return Labels(tuple(attacks), frozenset(cleared))
