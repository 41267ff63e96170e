"""What every recommendation is made of, whatever it is about: grounds in, a recommendation out. Pure."""

import math
from collections.abc import Callable, Mapping

import msgspec

from analytics.demand import Usual
from kernel.findings import Finding
from kernel.patch import AddAccess, AddLimit, Patch
from kernel.policy import Limit, Policy, Rule
from kernel.recommendations import (
    Attribute,
    Evidence,
    Kind,
    Peers,
    Recommendation,
    recommendation_id,
)
from kernel.replays import Example
from warehouse.conduct import Conduct

VOID_AFTER_S = 86_400.0  # a proposal against somebody
GAP_VOID_AFTER_S = 7 * 86_400.0
GAP_CONFIDENCE = 0.5
MOST_WHO = 20  # identities that evidence names
NAME_LENGTH = 80  # of the part of a rule's name that is not ours


class Facts(msgspec.Struct, frozen=True):
    """What the warehouse says of a finding: who it accuses, what they share, how the others log in."""

    who: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    samples: tuple[Example, ...] = ()
    login_peers: Peers | None = None
    conduct: Conduct = Conduct()


class Grounds(msgspec.Struct, frozen=True):
    """What proposals are made of. `usual_of` and `peers_of` (unit and quantiles) are asked by scope.

    `findings`: open ones, and those that ended of late.
    """

    now: float
    policy: Policy
    revision: str
    findings: tuple[Finding, ...]
    facts: Mapping[str, Facts]  # by finding's id
    usual_of: Callable[[str], Usual]
    peers_of: Callable[[str], Peers | None]


class Draft(msgspec.Struct, frozen=True):
    """What differs from kind to kind."""

    key: str
    title: str
    reason: str
    operation: AddLimit | AddAccess
    lasts_s: int
    peers: Peers | None
    who: tuple[str, ...] = ()  # empty: whom the finding accuses


def made(grounds: Grounds, kind: Kind, finding: Finding | None, draft: Draft) -> Recommendation:
    """The whole recommendation."""
    facts = grounds.facts.get(finding.id, Facts()) if finding else Facts()
    named = draft.who or facts.who or ((finding.identity,) if finding and finding.identity else ())
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


def is_there(rule: Rule, policy: Policy, now: float) -> bool:
    """Whether the policy holds a rule of that name, or a limit that is as tight where this one applies."""
    names = {each.name for rules in (policy.limits, policy.access) for each in rules}
    if rule.name in names:
        return True
    return isinstance(rule, Limit) and any(
        each.mode == "enforce"
        and each.adaptive is None
        and each.key == "identity"
        and each.rate <= rule.rate
        and is_limiting(each, route, now)
        for each in policy.limits
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
