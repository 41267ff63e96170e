"""The console's state: what is in force and its history, recommendations, jobs, labels, tokens, the audit.

Each class of the chain adds one concern: InForce (followers), Revising (policy), Deciding
(recommendations), and the rest here. All of it runs on the event loop, over one store.
"""

import asyncio
import contextlib
import hashlib
import secrets
import sqlite3
from pathlib import Path

import msgspec

from console.audit import FIRST, Deed
from console.credentials import Issued
from console.deciding import Deciding
from console.facts import NotHeld, Objected, Unknown, WrongPolicy
from console.jobs import ENDED
from console.keyring import RandomBytes
from console.moments import why_no_time
from console.policy_file import FileReading, PolicyFile, read_text
from console.revising import NAME, first_reading, last_reading, withdraw_disallowed
from console.store import Clock, Store
from console.taking import EXPIRY_AUTHOR, FILE_AUTHOR
from console.tokens import RESERVED_NAMES
from console.undoing import Undoing, end_undone
from kernel.clock import REAL_TIME, Tempo
from kernel.control import (
    ANALYTICS,
    AskToken,
    AuditEntry,
    BackupMade,
    KnownToken,
    Label,
    MadeToken,
    Marker,
    PutJob,
    PutLabel,
    PutMarker,
    Revision,
    Status,
    Undone,
)
from kernel.replays import Job, ReplayRequest

SECRET_BYTES = 16  # 128 bits
ID_BYTES = 8
MOST_TOLD = 200  # characters of a failure in the audit; the job has it whole


class ControlState(Deciding):
    """One tenant's state. Make it with `open_state`, give it back with `close`."""

    def __init__(
        self,
        store: Store,
        *,
        file: PolicyFile,
        reading: FileReading,
        clock: Clock,
        random_bytes: RandomBytes,
    ) -> None:
        super().__init__(store, file=file, reading=reading, clock=clock)
        self._random_bytes = random_bytes
        self.told_at_start: tuple[str, ...] = ()  # what the log says of a change of the file
        self._issued = store.credentials.issued(self.tenant)

    def _new_id(self) -> str:
        return self._random_bytes(ID_BYTES).hex()

    async def status(self) -> Status:
        """Everything that an operator asks for."""
        head = await self._head()
        return Status(
            tenant=self.tenant,
            revision=self.revision,
            policy_file=str(self._file.path),
            refused_policy=self._refused,
            warnings=tuple(problem.text() for problem in self._reading.problems),
            overlays_version=self._version,
            overlays=self.in_force(),
            lease=await self._stored(self._store.lease, self.tenant),
            loop=self._loop,
            proxies=await self._stored(self._store.proxies, self.tenant),
            now=self._clock(),
            revision_number=head.number,
            revision_author=head.author,
            revision_at=head.created_at,
            open_recommendations=len(await self.recommendations("open")),
            revoked_keys=len(self._revoked),
            file_revision=await self._stored(self._store.revisions.seed, self.tenant),
            undone_by_file=await self._undone_by_file(head),
        )

    async def _undone_by_file(self, head: Revision) -> Undone:
        """What the file's last change undid, until an operator changes the policy again."""
        if head.author not in (FILE_AUTHOR, EXPIRY_AUTHOR):
            return Undone()
        return await self._stored(self._store.revisions.undone, self.tenant)

    async def jobs(self) -> tuple[Job, ...]:
        """Newest first; those whose worker died are queued again."""
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk: reading goes on
            await self._stored(self._store.jobs.requeue_silent, self.tenant, self._clock())
        return await self._stored(self._store.jobs.listed, self.tenant)

    async def job(self, which: str) -> Job:
        """One job. Raises Unknown."""
        found = await self._stored(self._store.jobs.find, self.tenant, which)
        if found is None:
            raise Unknown(f"there is no job {which!r}")
        return found

    async def ask_job(self, request: ReplayRequest, *, author: str) -> Job:
        """Queue a replay. Raises Objected with everything that would let it fail: no worker tries that."""
        reasons = [why_no_time("since", request.since), why_no_time("until", request.until)]
        if request.base and await self._stored(self._store.revisions.find, self.tenant, request.base) is None:
            reasons.append(f"base: there is no revision {request.base!r}")
        reading = await asyncio.to_thread(read_text, request.policy, NAME, self._events_clock())
        if reading.policy is None:
            reasons += [problem.text() for problem in reading.problems]
        if any(reasons):
            raise Objected(tuple(filter(None, reasons)))
        now = self._clock()
        job = Job(self._new_id(), self.tenant, request, author, "queued", 0.0, now, now)

        def store() -> None:
            self._store.jobs.put(job)
            self._store.jobs.forget_old(self.tenant)

        await self._done(Deed(author, "ask for replay", job.id), store)
        return job

    async def cancel_job(self, which: str, *, author: str) -> Job:
        """Cancel; its worker learns it with its next word. A job that has ended stays as it is."""
        async with self._changing:
            job = await self.job(which)
            if job.state in ENDED:
                return job
            cancelled = msgspec.structs.replace(job, state="cancelled", changed_at=self._clock())
            await self._done(Deed(author, "cancel replay", which), lambda: self._store.jobs.put(cancelled))
        return cancelled

    async def claim_job(self, holder: str, *, author: str = ANALYTICS) -> Job | None:
        """The oldest job that waits, now `holder`'s; None where none waits."""
        now = self._clock()
        async with self._changing:
            await self._stored(self._store.jobs.requeue_silent, self.tenant, now)
            return await self._routine(
                lambda: self._store.jobs.claim(self.tenant, holder, now),
                lambda job: (Deed(author, "work on replay", job.id, holder),) if job else (),
            )

    async def put_job(self, which: str, told: PutJob, *, author: str = ANALYTICS) -> Job:
        """What its worker says. Raises Unknown, or NotHeld where another works on it.

        A job that has ended stays as it is: the answer's state tells its worker to stop.
        """
        async with self._changing:
            job = await self.job(which)
            if job.state in ENDED:
                return job
            holder = await self._stored(self._store.jobs.holder, self.tenant, which)
            if job.state != "running" or holder != told.holder:
                raise NotHeld(f"job {which} is not {told.holder!r}'s: it is {job.state}")
            now_known = msgspec.structs.replace(
                job,
                state=told.state,
                progress=told.progress,
                report=told.report,
                failure=told.failure,
                changed_at=self._clock(),
            )
            end = Deed(author, "end replay", which, f"{told.state} {told.failure[:MOST_TOLD]}".rstrip())
            await self._routine(
                lambda: self._store.jobs.put(now_known, told.holder),
                lambda _: (end,) if told.state in ENDED else (),
            )
        return now_known

    async def put_label(self, asked: PutLabel, *, author: str) -> Label:
        """Say whether a finding or an identity is an attack."""
        label = Label(asked.finding, asked.identity, asked.label, asked.reason, author, self._events_clock())
        deed = Deed(author, f"label {asked.label}", asked.finding or asked.identity, asked.reason)
        await self._done(deed, lambda: self._store.audit.put_label(self.tenant, label))
        return label

    async def labels(self) -> tuple[Label, ...]:
        """Newest first."""
        return await self._stored(self._store.audit.labels, self.tenant)

    async def add_marker(self, asked: PutMarker, *, author: str) -> Marker:
        """Mark a moment: a deploy, a campaign."""
        marker = Marker(asked.at or self._events_clock(), asked.kind, asked.text, author)
        deed = Deed(author, "add marker", asked.kind, asked.text)
        await self._done(deed, lambda: self._store.audit.add_marker(self.tenant, marker))
        return marker

    async def markers(self) -> tuple[Marker, ...]:
        """Latest first."""
        return await self._stored(self._store.audit.markers, self.tenant)

    async def audit(self, before: int = FIRST) -> tuple[AuditEntry, ...]:
        """Entries numbered below `before`, newest first."""
        return await self._stored(self._store.audit.entries, self.tenant, before)

    def issued(self) -> tuple[Issued, ...]:
        """Tokens that were made, expired ones included."""
        return self._issued

    async def make_token(self, asked: AskToken, *, author: str) -> MadeToken:
        """Make a token; its secret is in the answer and nowhere else. Raises Objected."""
        if asked.name.casefold() in RESERVED_NAMES:
            raise Objected(
                (f"the name {asked.name!r} is reserved: it tells who did what by itself; choose another",)
            )
        now = self._clock()
        expires_at = now + asked.ttl_s if asked.ttl_s else 0.0
        secret = self._random_bytes(SECRET_BYTES).hex()
        known = KnownToken(self._new_id(), asked.name, asked.role, now, expires_at)
        issued = Issued(known, hashlib.sha256(secret.encode()).hexdigest())
        deed = Deed(author, "make token", known.id, f"{asked.name}, {asked.role}")
        await self._done(deed, lambda: self._store.credentials.add(self.tenant, issued))
        self._issued = await self._stored(self._store.credentials.issued, self.tenant)
        return MadeToken(known.id, known.name, known.role, now, expires_at, secret=secret)

    async def tokens(self) -> tuple[KnownToken, ...]:
        """Every token without its secret, the oldest first."""
        return tuple(each.token for each in self._issued)

    async def delete_token(self, which: str, *, author: str) -> None:
        """It proves nothing from now on. Raises Unknown."""
        if all(each.token.id != which for each in self._issued):
            raise Unknown(f"there is no token {which!r}")
        deed = Deed(author, "delete token", which)
        await self._done(deed, lambda: self._store.credentials.remove(self.tenant, which))
        self._issued = await self._stored(self._store.credentials.issued, self.tenant)

    async def back_up(self, *, author: str) -> BackupMade:
        """Write a consistent copy of the store below the data directory."""
        path = self._store.path.parent / "backups" / f"console-{int(self._clock())}.sqlite"
        await self._stored(
            self._store.audit.note, self.tenant, Deed(author, "back up", path.name), self._clock()
        )
        return BackupMade(str(path), await self._stored(self._store.back_up, path))


def open_state(
    path: Path,
    policy_path: Path,
    clock: Clock,
    *,
    tempo: Tempo = REAL_TIME,
    random_bytes: RandomBytes = secrets.token_bytes,
) -> ControlState:
    """Open the store and the policy. Raises WrongPolicy, or what Store raises. Call on the loop."""
    file = PolicyFile(policy_path, clock)
    read = file.read()
    if read.policy is None and not path.exists():
        raise WrongPolicy(read.problems)
    store = Store(path, clock)
    now = tempo.at(clock())
    if read.policy is not None:
        first = first_reading(store, policy_path, read, now=now, at=clock())
        reading: FileReading | None = first.reading
        told = first.told
    else:
        # The file was broken meanwhile: what was in force stands, and the watch tells what is wrong.
        reading, told = last_reading(store, now=now), ()
        file.forget()
    if reading is None or reading.policy is None:
        store.close()
        raise WrongPolicy(read.problems)
    withdraw_disallowed(store, reading.policy, now=now, at=clock())
    end_undone(
        store,
        reading.policy,
        Undoing("policy", "the policy at the start has none of its rules", now, clock()),
    )
    state = ControlState(store, file=file, reading=reading, clock=clock, random_bytes=random_bytes)
    state.tempo = tempo
    state.told_at_start = told
    return state
