"""Approved recommendations that act now: whether every proxy has their rules, and what these refused."""

from collections.abc import Mapping, Sequence

import msgspec

from console.web.site import Site
from console.web.telemetry import WarehouseAway
from kernel.control import Status
from kernel.recommendations import Approval, Reviewed
from warehouse.readers_pages import RuleDeeds

LONGEST_S = 86_400.0  # further back the warehouse is not asked at every look
FOLLOWS_S = 60.0  # who has not asked for longer does not follow any more


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """One approval: what its rules did since `since`. In shadow they refuse nobody: they spare.

    `deeds` None: the warehouse could not be asked.
    """

    reviewed: Reviewed
    approval: Approval
    is_in_force: bool
    since: float
    deeds: RuleDeeds | None


class Reach(msgspec.Struct, frozen=True):
    """How many proxies follow, and how many of them have the revision in force."""

    current: int
    following: int


async def acting_of(site: Site, reviewed: Sequence[Reviewed], *, since: float) -> list[Acting]:
    """The approved ones among `reviewed`, and what they did since a moment, by one question."""
    since = max(since, site.now() - LONGEST_S)
    approved = [(each, each.approval) for each in reviewed if each.approval is not None]
    rules = sorted({rule for each, _ in approved for rule in each.recommendation.rules})
    by_rule = await deeds_of(site, rules, since) if rules else {}
    return [
        Acting(
            reviewed=each,
            approval=approval,
            is_in_force=each.state == "approved" and set(each.recommendation.rules) <= site.state.rules,
            since=since,
            deeds=None if by_rule is None else summed(by_rule, each.recommendation.rules),
        )
        for each, approval in approved
    ]


async def deeds_of(site: Site, rules: Sequence[str], since: float) -> dict[str, RuleDeeds] | None:
    """What each rule did; None where the warehouse is away."""
    try:
        return {each.rule: each for each in await site.telemetry.rule_deeds(rules, since)}
    except WarehouseAway:
        return None


def summed(by_rule: Mapping[str, RuleDeeds], rules: Sequence[str]) -> RuleDeeds:
    """What several rules did together; an identity that two of them refused counts twice."""
    known = [by_rule[each] for each in rules if each in by_rule]
    return RuleDeeds(
        rule=", ".join(rules),
        refused=sum(each.refused for each in known),
        refused_identities=sum(each.refused_identities for each in known),
        spared=sum(each.spared for each in known),
        spared_identities=sum(each.spared_identities for each in known),
        last_at=max((each.last_at for each in known), default=0.0),
    )


def reach_of(status: Status) -> Reach:
    """Who follows, and who has the revision in force."""
    following = [each for each in status.proxies if status.now - each.seen_at <= FOLLOWS_S]
    return Reach(sum(each.revision == status.revision for each in following), len(following))
