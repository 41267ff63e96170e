"""How the policy changes: by its file, by an operator's write, by a rollback; each makes a revision.

The store's newest revision is in force. The file seeds the first; it is taken again when it differs
from the one that was taken last, with what was approved and holds (console.taking), so an approval
is undone neither by a restart nor by a remark in the file.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec

from console.audit import Deed
from console.facts import Objected, Stale, Unknown
from console.guardrails import objections
from console.in_force import InForce
from console.overlay_deeds import overlay_deeds
from console.policy_file import FileReading, PolicyFile, read_text
from console.revisions import NewRevision, unified
from console.store import Clock, Store
from console.taking import FILE_AUTHOR, Taking, end_taken, replaced_by_file, take
from kernel.compile import revision_of
from kernel.control import Checked, PolicyInForce, Revision, RevisionInFull, Undone
from kernel.policy import Policy

LOOK_EVERY_S = 0.25  # how often the policy file's stat is looked at
NAME = "policy"  # what problems of a text call it that came without a file


class Change(msgspec.Struct, frozen=True):
    """A text that shall be in force: by whom, why, and what the audit calls it."""

    text: str
    author: str
    reason: str
    what: str = "apply policy"
    object: str = ""  # empty: the new revision
    file: str = ""  # the revision of the policy file's own text, which is not taken again
    undone: Undone = Undone()  # by a change of the file


def nothing() -> None:
    """No other write belongs to the change."""


class Revising(InForce):
    """What is in force, and its history."""

    def __init__(self, store: Store, *, file: PolicyFile, reading: FileReading, clock: Clock) -> None:
        super().__init__(store, reading=reading, clock=clock)
        self._file = file
        self._refused: tuple[str, ...] = ()
        # One change of the policy at a time, from the comparison of revisions to what followers see.
        self._revising = asyncio.Lock()

    async def _head(self) -> RevisionInFull:
        head = await self._stored(self._store.revisions.head, self.tenant)
        assert head is not None  # open_state made the first
        return head

    async def policy(self) -> PolicyInForce:
        """The revision in force."""
        head = await self._head()
        return PolicyInForce(self.tenant, head.revision, head.text, head.author, head.reason, head.created_at)

    async def check_policy(self, text: str) -> Checked:
        """Whether a text would be taken, every problem of it, and its diff to the one in force."""
        reading = await asyncio.to_thread(read_text, text, NAME, self._events_clock())
        head = await self._head()
        diff = unified(head.text, text, names=(head.revision, reading.revision))
        return Checked(reading.policy is not None, reading.revision, reading.problems, diff)

    async def apply_policy(self, text: str, *, author: str, reason: str, expected: str) -> PolicyInForce:
        """Put a text in force in the place of revision `expected`. Raises Stale or Objected."""
        async with self._revising:
            self._require_current(expected)
            await self._revise(Change(text, author, reason))
        return await self.policy()

    async def rollback(self, revision: str, *, author: str, reason: str, expected: str) -> PolicyInForce:
        """Put an earlier revision in force again. Raises Stale, Unknown or Objected."""
        async with self._revising:
            self._require_current(expected)
            earlier = await self.revision_of(revision)
            await self._revise(Change(earlier.text, author, reason, "roll back policy"))
        return await self.policy()

    async def revisions(self) -> tuple[Revision, ...]:
        """Newest first."""
        return await self._stored(self._store.revisions.listed, self.tenant)

    async def revision_of(self, revision: str) -> RevisionInFull:
        """One revision with its text and the diff to its parent. Raises Unknown."""
        found = await self._stored(self._store.revisions.find, self.tenant, revision)
        if found is None:
            raise Unknown(f"there is no revision {revision!r}")
        return found

    def _require_current(self, expected: str) -> None:
        if expected != self.revision:
            raise Stale(self.revision)

    async def _revise(self, change: Change, also: Callable[[], object] = nothing) -> str:
        """Check, store (with `also`, all or nothing), publish. Hold `_revising`. The new revision."""
        reading = await asyncio.to_thread(read_text, change.text, NAME, self._events_clock())
        policy = reading.policy
        if policy is None:
            refuse(reading)
        if policy.tenant != self.tenant:
            raise Objected((f"tenant {policy.tenant!r} is not {self.tenant!r}: restart to change it",))
        new = NewRevision(reading.revision, change.text, change.author, change.reason, self._events_clock())
        is_new = reading.revision != self.revision

        def store() -> None:
            if is_new:
                self._store.revisions.add(self.tenant, new)
            if change.file:
                self._store.revisions.set_seed(self.tenant, change.file, change.undone)
            also()
            self._end_undone(policy, reading.revision, change)

        deed = Deed(change.author, change.what, change.object or reading.revision, change.reason)
        await self._done(deed, store)
        if is_new:
            await self._put_in_force(reading, policy)
        return reading.revision

    def _end_undone(self, policy: Policy, revision: str, change: Change) -> None:
        """What else ends with a change of the policy; within its transaction."""

    async def watch_policy(self, tell: Callable[[str], None]) -> None:
        """Take each good version of the file; refuse the others with reasons. For ever.

        Raises sqlite3.Error; called again, it takes the version that was not stored.
        """
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._file.has_changed():
                # In a thread: a large document takes longer to check than a follower may wait.
                reading = await asyncio.to_thread(self._file.read)
                try:
                    await self.take_policy(reading, tell)
                except sqlite3.Error:
                    self._file.forget()
                    raise

    async def take_policy(self, reading: FileReading, tell: Callable[[str], None]) -> None:
        """Make the file's text a revision, or keep the old one and say why."""
        path = self._file.path
        try:
            if reading.policy is None:
                refuse(reading)
            async with self._revising:
                seed = await self._stored(self._store.revisions.seed, self.tenant)
                self._refused = ()
                if reading.revision == seed:
                    return
                taking = await self._take(reading, path)
        except Objected as objected:
            self._refused = objected.reasons
            tell(f"policy {path} refused, the old one stays:")
            for problem in self._refused:
                tell("  " + problem.removeprefix(f"{path}:"))
        else:
            for line in taking.lines(self.revision):
                tell(line)

    async def _take(self, reading: FileReading, path: Path) -> Taking:
        """Put the file's text in force with what is approved. Hold `_revising`. Raises Objected."""
        now = self._events_clock()
        approved = await self._stored(self._store.proposals.every, self.tenant, "approved")
        taking = await asyncio.to_thread(take, reading.text, approved, self._policy, now)
        if revision_of(taking.text) != self.revision:
            replaced = await self._stored(replaced_by_file, self._store, self.tenant)
            taking = msgspec.structs.replace(taking, replaced=replaced)
        change = Change(
            taking.text, FILE_AUTHOR, taking.reason(path), file=reading.revision, undone=taking.undone()
        )
        await self._revise(
            change, lambda: end_taken(self._store, self.tenant, taking, now=now, at=self._clock())
        )
        return taking


def refuse(reading: FileReading) -> NoReturn:
    """Raise Objected with every problem of a text."""
    raise Objected(tuple(problem.text() for problem in reading.problems))


def last_reading(store: Store, *, now: float) -> FileReading | None:
    """The revision that was in force last, where the file is broken; None where there is none to be had."""
    head = store.revisions.head(store.revisions.only_tenant())
    stored = read_text(head.text, NAME, now) if head else None
    return stored if stored and stored.policy else None


class First(msgspec.Struct, frozen=True):
    """What is in force at the start, and what the log says of a change of the file in the meantime."""

    reading: FileReading
    told: tuple[str, ...] = ()


def first_reading(store: Store, file: Path, reading: FileReading, *, now: float, at: float) -> First:
    """What is in force at the start: the store's newest revision, or the file's where that is news.

    `now`: of events, `at`: the real time.
    """
    assert reading.policy is not None
    tenant = reading.policy.tenant
    head = store.revisions.head(tenant)
    stored = read_text(head.text, NAME, now) if head else None
    if head and stored and stored.policy and store.revisions.seed(tenant) == reading.revision:
        return First(stored)
    taking = take(
        reading.text, store.proposals.every(tenant, "approved"), stored.policy if stored else None, now
    )
    taken = read_text(taking.text, str(file), now)
    is_new = head is None or head.revision != taken.revision
    if is_new and head is not None:
        taking = msgspec.structs.replace(taking, replaced=replaced_by_file(store, tenant))
    reason = f"seeded from {file}" if head is None else taking.reason(file)
    if head is not None and (stored is None or stored.policy is None):
        reason = f"revision {head.revision} is no longer a policy that can be loaded; {reason}"
    with store.transaction():
        if is_new:
            new = NewRevision(taken.revision, taken.text, FILE_AUTHOR, reason, now)
            store.revisions.add(tenant, new)
            store.audit.note(tenant, Deed(FILE_AUTHOR, "apply policy", taken.revision, reason), at)
        store.revisions.set_seed(tenant, reading.revision, taking.undone())
        end_taken(store, tenant, taking, now=now, at=at)
    return First(taken, tuple(taking.lines(taken.revision)) if head else ())


def withdraw_disallowed(store: Store, policy: Policy, *, now: float, at: float) -> None:
    """Drop stored overlays that have expired, or that a policy which changed meanwhile does not allow."""
    before = store.overlays(policy.tenant)
    kept = tuple(each for each in before if not objections(policy, (each,), now))
    because = "not allowed by the policy at the start, or expired"
    deeds = overlay_deeds(before, kept, author="policy", withdrawn_because=because)
    with store.transaction():
        store.replace_overlays(policy.tenant, kept)
        for deed in deeds:
            store.audit.note_routine(policy.tenant, deed, at)
