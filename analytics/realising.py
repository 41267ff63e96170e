"""What approved rules did: the harm that was promised, beside the harm that came. Labels as in a replay."""

from typing import Final

from analytics.denials import denials_in
from analytics.harm import bound_of
from analytics.labels import Labels
from kernel.patch import AddAccess, AddLimit, Patch
from kernel.recommendations import Realised, Reviewed
from kernel.replays import Split
from warehouse.readers_replay import Meeting, ReplayReader

AGAIN_AFTER_S: Final = 10.0


def realised(reader: ReplayReader, approved: Reviewed, labels: Labels, *, now: float) -> Realised | None:
    """Since the approval, up to now or to the rule's expiry; None before that stretch begins.

    An identity that is labelled at any time of it is an attack for all of it. Whom a rule denies is not
    heard of any more, so that who was accused before stays an attack, unless `labels.ordinary` knows better.
    """
    approval, recommendation = approved.approval, approved.recommendation
    if approval is None:
        return None
    since, until = approval.decided_at, min(now, approval.expires_at or now)
    if until <= since:
        return None
    is_denial = bool(denials_in(recommendation.patch))
    attacks = {
        identity
        for identity, stretches in labels.stretches().items()
        if any(first < until and (is_denial or last > since) for first, last in stretches)
    }
    attacks -= labels.ordinary if is_denial else frozenset()
    meeting = meeting_of(recommendation.patch, recommendation.rules)
    refused = reader.refused_by(since, until, meeting.rules)
    harmed = {identity: requests for identity, requests in refused.items() if identity not in attacks}
    met = reader.met(since, until, meeting, attacks=tuple(sorted(attacks)))
    return Realised(
        recommendation=recommendation.id,
        since=since,
        until=until,
        attack=Split(sum(refused.values()) - sum(harmed.values()), len(refused) - len(harmed)),
        legitimate=Split(sum(harmed.values()), len(harmed)),
        bound=bound_of(len(harmed), max(met, len(harmed))),
    )


def meeting_of(patch: Patch, rules: tuple[str, ...]) -> Meeting:
    """Where the rules of a patch apply; everywhere where the patch does not say."""
    added = [
        each.limit if isinstance(each, AddLimit) else each.access
        for each in patch.operations
        if isinstance(each, AddLimit | AddAccess)
    ]
    if len(added) != len(patch.operations) or any(not each.routes for each in added):
        return Meeting(rules)
    return Meeting(rules, tuple(sorted({route for each in added for route in each.routes})))
