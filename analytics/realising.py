"""What approved rules did: the harm that was promised, beside the harm that came. Labels as in a replay."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.denials import denials_in
from analytics.harm import bound_of
from analytics.labels import Labels
from kernel.hashing import in_canary, keyed_hash
from kernel.patch import AddAccess, AddLimit, Patch
from kernel.recommendations import Approval, Realised, Recommendation
from kernel.replays import Split
from warehouse.readers_replay import Meeting, Refused, ReplayReader

AGAIN_AFTER_S: Final = 10.0
LATE_S: Final = 600.0  # rows may come so late (a spool that is drained): until then they are counted anew
STRETCH_S: Final = 86_400.0  # is read at once, where much is to be counted: after a restart
CLOSING_S: Final = 60.0  # an account is closed so long after its rules ended, for the last rows
KEPT_S: Final = 7 * 86_400.0  # raw requests (migration 0001): an account that is begun anew begins there
ACCUSED_S: Final = 29 * 86_400.0  # suspects are forgotten after 30 days (migration 0014)

Hashes = NDArray[np.uint64]
Refusals = dict[str, Refused]  # by identity


class Account:
    """What the rules of one approval did. What is older than LATE_S is counted once, and kept.

    Memory: 8 bytes for each identity that the rules could have met, a count for each that they refused.
    `hash_key`: the deployment's, for whom a canary binds; without it everybody is taken as bound.
    """

    def __init__(self, recommendation: Recommendation, approval: Approval, *, hash_key: bytes) -> None:
        self.recommendation, self.approval = recommendation, approval
        self.ended_at = approval.expires_at or float("inf")
        self.ordinary: frozenset[str] = frozenset()  # known by now: conduct is looked back on for a day only
        self._hash_key = hash_key
        self._meeting = meeting_of(recommendation.patch, recommendation.rules)
        self._since = self._settled = self._until = approval.decided_at
        self._is_denial = bool(denials_in(recommendation.patch))
        self._is_new = True
        self._attackers: set[str] = set()  # as told last
        self._refused: Refusals = {}
        self._refused_of_late: Refusals = {}
        self._met = self._met_of_late = hashes_of(())

    def bring_up(self, reader: ReplayReader, now: float) -> bool:
        """Count on, a STRETCH_S at most; False where more is left before `now`.

        Raises clickhouse_connect's errors; it is as before then.
        """
        if self._is_new:
            self._since = self._settled = max(self._since, now - KEPT_S)
            self._is_new = False
        self._until = min(now, self.ended_at)
        old = min(self._until - LATE_S, self._settled + STRETCH_S)
        if old > self._settled:
            refused, met = self._counted(reader, self._settled, old)
            self._refused, self._met = together(self._refused, refused), np.union1d(self._met, met)
            self._settled = old
        if old < self._until - LATE_S:
            return False
        self._refused_of_late, self._met_of_late = self._counted(reader, self._settled, self._until)
        return True

    def is_closed(self, now: float) -> bool:
        """Whether nothing more is to be expected."""
        return now >= self.ended_at + CLOSING_S

    def told(self, labels: Labels) -> Realised | None:
        """Since the approval (KEPT_S ago at most when it was begun), up to where it was brought; None where
        nothing lies between.

        An identity that is labelled at any time of it is an attack for all of it, unless nothing but its rate
        accuses it and a limit refused it at other times, too. Whom a rule denies is not heard of any more:
        who was accused before stays an attack, unless `labels.ordinary` knows better.
        """
        if self._until <= self._since:
            return None
        attacks = self._attacks(labels)
        self._attackers = set(attacks)
        refused = together(self._refused, self._refused_of_late)
        attacks -= cut_beyond(refused, labels) if not self._is_denial else set()
        harmed = {who: each.requests for who, each in refused.items() if who not in attacks}
        requests = sum(each.requests for each in refused.values())
        met = np.setdiff1d(np.union1d(self._met, self._met_of_late), hashes_of(attacks))
        return Realised(
            recommendation=self.recommendation.id,
            since=self._since,
            until=self._until,
            attack=Split(requests - sum(harmed.values()), len(refused) - len(harmed)),
            legitimate=Split(sum(harmed.values()), len(harmed)),
            bound=bound_of(len(harmed), max(len(met), len(harmed))),
        )

    def _attacks(self, labels: Labels) -> set[str]:
        attacks = {
            identity
            for identity, stretches in labels.stretches().items()
            if any(
                first < self._until and (self._is_denial or last > self._since) for first, last in stretches
            )
        }
        if self._until - self._since > ACCUSED_S:
            attacks |= self._attackers - labels.legitimate
        return attacks - labels.ordinary if self._is_denial else attacks

    def _counted(self, reader: ReplayReader, since: float, until: float) -> tuple[Refusals, Hashes]:
        """(what was refused, hashes of who met the rules) of a stretch."""
        refused = reader.refused_by(since, until, self._meeting.rules)
        met = reader.met(since, until, self._meeting)
        bound = {identity: each for identity, each in refused.items() if self._binds(identity)}
        return bound, hashes_of(identity for identity in met if self._binds(identity))

    def _binds(self, identity: str) -> bool:
        """Whether the rules bind an identity: a canary only says whom of the others it would have refused."""
        if self.approval.mode != "canary" or not self._hash_key:
            return True
        return any(
            in_canary(rule, identity, self.approval.canary, self._hash_key) for rule in self._meeting.rules
        )


def together(one: Refusals, other: Refusals) -> Refusals:
    """Both stretches of time."""
    found = dict(one)
    for identity, each in other.items():
        before = found.get(identity, Refused(0, each.first, each.last))
        found[identity] = Refused(
            before.requests + each.requests, min(before.first, each.first), max(before.last, each.last)
        )
    return found


def cut_beyond(refused: Refusals, labels: Labels) -> set[str]:
    """Whom nothing but their rate accuses, and who were refused before or after, too: that is harm."""
    stretches = labels.stretches()
    named = labels.greedy & refused.keys() & stretches.keys()
    return {identity for identity in named if exceeds(refused[identity], stretches[identity])}


def exceeds(refused: Refused, stretches: Iterable[tuple[float, float]]) -> bool:
    """Whether some of it was refused before or after the stretches in which somebody is an attacker."""
    began, ended = zip(*stretches, strict=True)
    return bool(refused.first < min(began) or refused.last >= max(ended))


def hashes_of(identities: Iterable[str]) -> Hashes:
    """Each once, in order."""
    return np.unique(np.array([keyed_hash(each.encode(), b"") for each in identities], dtype=np.uint64))


def meeting_of(patch: Patch, rules: tuple[str, ...]) -> Meeting:
    """Where the rules of a patch apply; everywhere where the patch does not say."""
    added = [
        each.limit if isinstance(each, AddLimit) else each.access
        for each in patch.operations
        if isinstance(each, AddLimit | AddAccess)
    ]
    if len(added) != len(patch.operations) or any(not each.routes for each in added):
        return Meeting(rules, unrouted=any(not each.routes for each in denials_in(patch)))
    return Meeting(rules, tuple(sorted({route for each in added for route in each.routes})))
