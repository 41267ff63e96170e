"""What is going on: open findings, whom they accuse, what is done about each, and who could not be told."""

import asyncio
from collections.abc import Iterable, Mapping

import msgspec

from console.web.acting import Acting, acting_of
from console.web.alarms import Alarm
from console.web.alerts import alarms_of
from console.web.offers import acts_on, is_about, is_idle, usefulness
from console.web.site import Site
from console.web.telemetry import WarehouseAway
from kernel.control import Status
from kernel.findings import Finding, Overlay, Severity
from kernel.recommendations import Reviewed
from warehouse.readers_pages import Accused

LATELY_S = 3_600.0  # closed findings that the overview still shows
TOLD_S = 7_200.0  # deliveries that it looks at: an hour of tries, and another one to see their end
GRAVEST: tuple[Severity, ...] = ("critical", "warning", "info")
DEEDS_S = 300.0  # over which the overview counts what rules refused


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is going on: findings, and what the control endpoint does about each."""

    status: Status
    now: float  # on the events' clock
    open: tuple[Finding, ...]
    recent: tuple[Finding, ...]  # closed lately
    accused: Mapping[str, Accused]  # by finding; of those over several identities
    proposed: tuple[Reviewed, ...]  # recommendations that are open
    acting: tuple[Acting, ...]  # approved ones whose rules are in force
    undelivered: tuple[Alarm, ...]  # alerts that a sink has not got
    away: str  # why the warehouse could not be asked

    def acting_on(self, finding: Finding) -> list[Acting]:
        """Approved rules that act on what a finding is about."""
        return [each for each in self.acting if acts_on(each.reviewed.recommendation, finding)]

    def overlays_on(self, finding: Finding) -> list[Overlay]:
        """Values that are set for whom a finding is about."""
        return overlays_on(finding, self.accused.get(finding.id), self.status.overlays)

    def offered_for(self, finding: Finding) -> list[Reviewed]:
        """What can be done about a finding, and would refuse something of it; the most useful first."""
        return [
            each
            for each in self.proposed
            if is_about(each.recommendation, finding) and not is_idle(each.recommendation)
        ]

    @property
    def to_review(self) -> int:
        """How many proposals are worth a look."""
        return sum(not is_idle(each.recommendation) for each in self.proposed)


async def situation_of(site: Site) -> Situation:
    """Findings beside what control knows."""
    now = site.now()
    (findings, away), (alarms, _), proposed, approved = await asyncio.gather(
        findings_of(site),
        alarms_of(site, TOLD_S),
        site.state.recommendations("open"),
        site.state.recommendations("approved"),
    )
    still = tuple(sorted((each for each in findings if not each.closed_at), key=gravity))
    accused, acting = await asyncio.gather(
        accused_of(site, still), acting_of(site, approved, since=now - DEEDS_S)
    )
    return Situation(
        status=await site.state.status(),
        now=now,
        open=still,
        recent=tuple(each for each in findings if each.closed_at > now - LATELY_S),
        accused=accused,
        proposed=tuple(sorted(proposed, key=usefulness)),
        acting=tuple(each for each in acting if each.is_in_force),
        undelivered=tuple(each for each in alarms if each.is_undelivered),
        away=away,
    )


def overlays_on(finding: Finding, accused: Accused | None, overlays: Iterable[Overlay]) -> list[Overlay]:
    """Values that are set because of a finding, or because of another one, for whom this one is about."""
    whom = {finding.identity, *(accused.busiest if accused else ())} - {""}
    return [each for each in overlays if each.finding == finding.id or each.identity in whom]


def gravity(finding: Finding) -> tuple[int, float]:
    """The gravest first, of equals the newest."""
    return GRAVEST.index(finding.severity), -finding.onset


async def findings_of(site: Site) -> tuple[list[Finding], str]:
    """The findings, or why there are none to show."""
    try:
        return await site.telemetry.findings(), ""
    except WarehouseAway as fact:
        return [], str(fact)


async def accused_of(site: Site, findings: tuple[Finding, ...]) -> dict[str, Accused]:
    """Whom findings without an identity of their own accuse; nobody where the warehouse is away."""
    unnamed = [each.id for each in findings if not each.identity]
    if not unnamed:
        return {}
    try:
        return {each.finding: each for each in await site.telemetry.accused(unnamed)}
    except WarehouseAway:
        return {}
