"""What becomes of recommendations: proposed by analytics, approved or rejected by an operator, expired."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from functools import partial

import msgspec

from console.audit import Deed
from console.entering import changed_rules, due_rules, entering, unbound
from console.facts import Changed, NotOpen, Objected, Unknown
from console.moments import why_no_time
from console.policy_file import FileReading, PolicyFile
from console.revising import LOOK_EVERY_S, Change, Revising
from console.revisions import unified
from console.store import Clock, Store
from console.taking import EXPIRY_AUTHOR
from console.undoing import Undoing, end_undone
from kernel.compile import revision_of
from kernel.control import ANALYTICS, Approve, ReviewInFull
from kernel.patch import Patch, RemoveRule, StalePatch, apply
from kernel.policy import Policy
from kernel.recommendations import Approval, KeptApproval, Realised, Recommendation, Reviewed, Withdrawal

HOUR_S = 3600.0
MOST_NAMED = 5  # rules that a message names


class Deciding(Revising):
    """What is in force, its history, and what is proposed."""

    def __init__(self, store: Store, *, file: PolicyFile, reading: FileReading, clock: Clock) -> None:
        super().__init__(store, file=file, reading=reading, clock=clock)
        self._ends: dict[str, float] = {}  # recommendation -> when it must expire, open or approved
        for each in store.proposals.every(self.tenant, "open", "approved"):
            self._note_end(each.recommendation.id, each)

    def _note_end(self, which: str, reviewed: Reviewed | None) -> None:
        end = end_of(reviewed) if reviewed else 0.0
        if end > 0:
            self._ends[which] = end
        else:
            self._ends.pop(which, None)

    def _end_undone(self, policy: Policy, revision: str, change: Change) -> None:
        because = f"revision {revision} has none of its rules ({change.what}: {change.reason})"
        undoing = Undoing(change.author, because, self._events_clock(), self._clock())
        end_undone(self._store, policy, undoing)

    async def propose(
        self, holder: str, recommendations: tuple[Recommendation, ...], *, author: str = ANALYTICS
    ) -> tuple[Reviewed, ...]:
        """Add or update those that are open; the lease's holder only. Raises NotHeld or Objected."""
        await self._require_lease(holder)
        foreign = tuple(each.id for each in recommendations if each.tenant != self.tenant)
        if foreign:
            raise Objected(tuple(f"recommendation {which!r} is of another tenant" for which in foreign))
        untimely = tuple(filter(None, map(why_untimely, recommendations)))
        if untimely:
            raise Objected(untimely)
        async with self._revising:
            proposals, now = self._store.proposals, self._events_clock()

            def propose() -> tuple[list[Reviewed | None], tuple[Reviewed, ...]]:
                before = [proposals.find(self.tenant, each.id) for each in recommendations]
                return before, proposals.propose(self.tenant, recommendations, now)

            _, kept = await self._routine(propose, lambda found: proposal_deeds(*found, author))
            for each in kept:
                self._note_end(each.recommendation.id, each)
        return kept

    async def withdraw(
        self, holder: str, withdrawn: tuple[Withdrawal, ...], *, author: str = ANALYTICS
    ) -> None:
        """Take back those that are open; what was decided stays. The lease's holder only. Raises NotHeld."""
        await self._require_lease(holder)
        for each in withdrawn:
            async with self._revising:
                known = await self._stored(self._store.proposals.find, self.tenant, each.recommendation)
                if known is None or known.state != "open":
                    continue
                gone = msgspec.structs.replace(
                    known,
                    state="withdrawn",
                    changed_at=self._events_clock(),
                    withdrawn_because=each.reason,
                    author=author,
                )
                deed = Deed(author, "withdraw recommendation", each.recommendation, each.reason)
                await self._routine(
                    partial(self._store.proposals.put, self.tenant, gone), partial(only, deed)
                )
                self._note_end(each.recommendation, gone)

    async def recommendations(self, state: str = "") -> tuple[Reviewed, ...]:
        """Those of a state (empty: every one), changed last first."""
        return await self._stored(self._store.proposals.listed, self.tenant, state)

    async def approvals(self, which: str = "") -> tuple[KeptApproval, ...]:
        """Every approval of a recommendation (empty: of all), those that ended too, decided last first."""
        return await self._stored(self._store.approvals.listed, self.tenant, which)

    async def recommendation(self, which: str) -> ReviewInFull:
        """One, with what it would change of the policy in force. Raises Unknown."""
        reviewed = await self._find(which)
        head = await self._head()
        fields = {name: getattr(reviewed, name) for name in Reviewed.__struct_fields__}
        try:
            text = await asyncio.to_thread(
                apply, head.text, reviewed.recommendation.patch, self._events_clock()
            )
        except StalePatch as stale:
            return ReviewInFull(**fields, stale=str(stale))
        return ReviewInFull(**fields, diff=unified(head.text, text, names=(head.revision, revision_of(text))))

    async def _find(self, which: str) -> Reviewed:
        found = await self._stored(self._store.proposals.find, self.tenant, which)
        if found is None:
            raise Unknown(f"there is no recommendation {which!r}")
        return found

    async def _find_open(self, which: str) -> Reviewed:
        reviewed = await self._find(which)
        if reviewed.state != "open":
            raise NotOpen(f"recommendation {which} is {reviewed.state} already")
        if 0 < reviewed.recommendation.expires_at <= self._events_clock():
            raise NotOpen(f"recommendation {which} is void: it has expired")
        return reviewed

    async def approve(self, which: str, asked: Approve, *, author: str, expected: str) -> Reviewed:
        """Put its patch in force, as `asked`, on revision `expected`.

        Raises Unknown, NotOpen, Stale, Changed or Objected; nothing has changed then.
        """
        async with self._revising:
            reviewed = await self._find_open(which)
            self._require_current(expected)
            require_reviewed(reviewed, asked.patch)
            now = self._events_clock()
            expires_at = now + asked.lasts_s if asked.lasts_s else 0.0
            patch = entering(reviewed.recommendation.patch, asked, expires_at)
            head = await self._head()
            try:
                text = await asyncio.to_thread(apply, head.text, patch, now)
            except StalePatch as stale:
                raise NotOpen(f"recommendation {which} no longer fits the policy: {stale}") from stale
            reasons = unbound(reviewed.recommendation.patch, asked)
            if reasons:
                raise Objected(reasons)
            replay = reviewed.recommendation.replay
            approval = Approval(
                mode=asked.mode,
                canary=asked.canary,
                expires_at=expires_at,
                revision=revision_of(text),
                promised=replay.bound if replay else None,
                decided_at=now,
                author=author,
                reason=asked.reason,
            )
            approved = msgspec.structs.replace(
                reviewed, state="approved", changed_at=now, approval=approval, author=author
            )
            change = Change(text, author, asked.reason, "approve recommendation", which)
            await self._revise(change, lambda: self._store.proposals.put(self.tenant, approved))
            self._note_end(which, approved)
        return approved

    async def reject(self, which: str, reason: str, *, author: str) -> Reviewed:
        """Turn it down; proposing it again does not open it. Raises Unknown or NotOpen."""
        async with self._revising:
            reviewed = await self._find_open(which)
            rejected = msgspec.structs.replace(
                reviewed,
                state="rejected",
                changed_at=self._events_clock(),
                rejected_because=reason,
                author=author,
            )
            deed = Deed(author, "reject recommendation", which, reason)
            await self._done(deed, lambda: self._store.proposals.put(self.tenant, rejected))
            self._note_end(which, rejected)
        return rejected

    async def put_realised(self, which: str, realised: Realised, *, author: str = ANALYTICS) -> Reviewed:
        """What approved rules did since; of an earlier approval, where it is proposed again by now.

        Raises Unknown, or NotOpen where it was never approved.
        """
        deed = Deed(author, "tell realised harm", which, refused_in(realised))
        async with self._revising:
            reviewed = await self._find(which)
            is_current = reviewed.approval is not None and reviewed.approval.decided_at <= realised.since
            known = msgspec.structs.replace(reviewed, realised=realised) if is_current else reviewed

            def put() -> bool:
                if is_current:
                    self._store.proposals.put(self.tenant, known)
                return is_current or self._store.approvals.account(self.tenant, realised)

            is_told = await self._routine(put, lambda told: (deed,) if told else (), within_s=HOUR_S)
        if not is_told:
            raise NotOpen(f"recommendation {which} was never approved then: nothing can be realised")
        return known

    async def expire_rules(self) -> None:
        """Take the rules of each approval away when its time has come. For ever."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.expire_due()

    async def expire_due(self) -> None:
        """Expire what is due now."""
        now = self._events_clock()
        for which in [each for each, end in self._ends.items() if end <= now]:
            if which in self._ends:  # one that cannot be stored keeps no other waiting
                self._ends[which] = self._ends.pop(which)
            async with self._revising:
                found = await self._stored(self._store.proposals.find, self.tenant, which)
                # What was due a moment ago may have been decided while this waited.
                if found is not None and 0 < end_of(found) <= now:
                    found = await self._expire(found, now)
                self._note_end(which, found)

    async def _expire(self, reviewed: Reviewed, now: float) -> Reviewed:
        which = reviewed.recommendation.id
        expired = msgspec.structs.replace(reviewed, state="expired", changed_at=now)
        text = (await self._head()).text
        if reviewed.approval is not None:
            gone = due_rules(self._policy, reviewed.recommendation.patch, now)
            # A text that cannot be edited stays: its rules do not act any more, each carries the expiry.
            with contextlib.suppress(StalePatch):
                removal = Patch("", tuple(RemoveRule(each) for each in gone))
                text = await asyncio.to_thread(apply, text, removal, now)
        change = Change(text, EXPIRY_AUTHOR, "its time is over", "expire recommendation", which)
        await self._revise(change, lambda: self._store.proposals.put(self.tenant, expired))
        return expired


def only(deed: Deed, _: None) -> tuple[Deed]:
    """One deed, whatever came of it."""
    return (deed,)


def why_untimely(proposed: Recommendation) -> str:
    """Which of its times is none, in words; empty where each is one."""
    name = f"recommendation {proposed.id}: "
    created = why_no_time(name + "created_at", proposed.created_at)
    return created or why_no_time(name + "expires_at", proposed.expires_at)


def proposal_deeds(
    before: Iterable[Reviewed | None], after: Iterable[Reviewed], author: str
) -> Iterator[Deed]:
    """What was proposed anew, or with another change than before; renewed evidence is no deed."""
    for old, new in zip(before, after, strict=True):
        is_renewed = old is not None and old.state == new.state
        if is_renewed and old and old.recommendation.patch == new.recommendation.patch:
            continue
        yield Deed(author, "propose recommendation", new.recommendation.id, new.recommendation.title)


def require_reviewed(reviewed: Reviewed, patch: str) -> None:
    """Raise Changed where its patch is another than the one that was reviewed."""
    if patch == reviewed.patch:
        return
    rules = changed_rules(reviewed.recommendation.patch)
    what = "1 rule" if len(rules) == 1 else f"{len(rules):,} rules"
    shown = ", ".join(rules[:MOST_NAMED]) + (", …" if len(rules) > MOST_NAMED else "")
    raise Changed(
        f"recommendation {reviewed.recommendation.id} has changed since you looked at it:"
        f" it is about {what} now ({shown}); look at it again"
    )


def refused_in(realised: Realised) -> str:
    """Whom the rules refused, in a line."""
    attacking, legitimate = realised.attack.identities, realised.legitimate.identities
    return f"refused {attacking:,} attacking and {legitimate:,} legitimate identities"


def end_of(reviewed: Reviewed) -> float:
    """When it must expire by itself; 0: not at all."""
    if reviewed.state == "open":
        return reviewed.recommendation.expires_at
    if reviewed.state == "approved" and reviewed.approval is not None:
        return reviewed.approval.expires_at
    return 0.0
