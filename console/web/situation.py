"""What is going on: open findings, whom they accuse, what is done about each, and who could not be told."""

import asyncio
from collections.abc import Mapping

import msgspec

from console.web.acting import Acting, acting_of
from console.web.alarms import Alarm
from console.web.alerts import alarms_of
from console.web.site import Site
from console.web.telemetry import WarehouseAway
from kernel.control import Status
from kernel.findings import Finding, Severity
from kernel.recommendations import Recommendation, Reviewed
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
        return [each for each in self.acting if is_about(each.reviewed.recommendation, finding)]

    def proposed_for(self, finding: Finding) -> list[Reviewed]:
        """What can be done about a finding."""
        return [each for each in self.proposed if is_about(each.recommendation, finding)]


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


def is_about(recommendation: Recommendation, finding: Finding) -> bool:
    """Whether a recommendation answers a finding, or answered an earlier one of the same detector about the
    same route or client: an attack that comes back is a new finding."""
    if recommendation.finding == finding.id:
        return True
    about = {finding.route, finding.identity, finding.key} - {""}
    return recommendation.detector == finding.detector and bool(
        {recommendation.route, recommendation.key} & about
    )


def gravity(finding: Finding) -> tuple[int, float]:
    """The gravest first, of equals the newest."""
    return GRAVEST.index(finding.severity), -finding.onset


def usefulness(proposal: Reviewed) -> int:
    """What would have refused the most of an attack first; what was not replayed last."""
    replay = proposal.recommendation.replay
    return -replay.newly_attack.requests if replay else 0


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
