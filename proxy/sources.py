"""Where snapshots come from: a policy file that is watched, or a control endpoint that is followed.

Build and check the new, then swap. A policy with problems is refused with all of them and the
applied one stays; one that was applied is kept on disk.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx2
import msgspec

from kernel.boundary import contain
from kernel.check import read_policy
from kernel.compile import compile_policy, revision_of
from kernel.control import Following
from kernel.snapshot import Snapshot
from proxy.holder import Refused, SnapshotHolder
from proxy.last_good import LastGood
from proxy.limiter import split_policy

log = logging.getLogger("tidegate.proxy")

WATCH_S = 0.5  # no inotify: network file systems and mounted config maps have none
POLL_TIMEOUT_S = 25  # what the control endpoint holds a poll for
# First and longest pause after a failed poll, and the longest wait for a connection: a console that is
# back reaches its proxies within two seconds, as one that was never away.
BACKOFF_S = (0.25, 1.0)
CONNECT_TIMEOUT_S = 1.0


class Compiled(NamedTuple):
    """A document's snapshot, or None, and its problems: warnings only where there is a snapshot."""

    snapshot: Snapshot | None
    problems: tuple[str, ...]


class Intake:
    """Takes the text of a policy: check, compile, swap, keep."""

    def __init__(self, holder: SnapshotHolder, last_good: LastGood, clock: Callable[[], float]) -> None:
        self.holder = holder
        self.last_good = last_good
        self.clock = clock

    async def take(self, text: str, file: str, *, source: str) -> tuple[str, ...]:
        """Put a policy in force, or refuse it and return every problem.

        Checked and compiled in a thread: a large document takes longer than a request may wait.
        """
        bugs: list[Exception] = []
        compile_at = partial(self.compile, text, file)
        compiled = await asyncio.to_thread(contain, compile_at, self.clock(), bugs.append)
        if compiled is None:  # a policy that finds a bug must not end the gateway: refused and counted
            log.error("a bug of the gateway met the policy from %s", source, exc_info=bugs[0])
            compiled = Compiled(None, (f"{file}: a bug of the gateway met this policy: {bugs[0]!r}",))
        if compiled.snapshot is None:
            self.refuse(compiled.problems, revision_of(text), source)
            return compiled.problems
        self.holder.apply(compiled.snapshot, source, self.clock())
        log.info("policy revision %s applied from %s", compiled.snapshot.revision, source)
        for problem in compiled.problems:
            log.warning("  %s", problem)
        await asyncio.to_thread(self.keep, text)
        return ()

    def compile(self, text: str, file: str, now: float) -> Compiled:
        """The snapshot of this worker, or every problem of the document."""
        reading = read_policy(text, file, now)
        problems = tuple(problem.text() for problem in reading.problems)
        if reading.policy is None:
            return Compiled(None, problems)
        tenant = self.holder.snapshot.tenant
        if self.holder.has_policy and reading.policy.tenant != tenant:
            return Compiled(None, (f"{file}: tenant {tenant!r} changes only with a restart of the proxy",))
        policy = split_policy(reading.policy, self.holder.workers)
        return Compiled(compile_policy(policy, revision_of(text), self.holder.snapshot.hash_key), problems)

    def refuse(self, problems: tuple[str, ...], revision: str, source: str) -> None:
        """Say why a policy was not taken; what is in force stays."""
        self.holder.refuse(Refused(self.clock(), revision, source, problems))
        stays = self.holder.snapshot.revision or "none"
        log.error("policy from %s refused, revision in force: %s", source, stays)
        for problem in problems:
            log.error("  %s", problem)

    def keep(self, text: str) -> None:
        """Keep the last good policy. A full disk costs the next start, never a request."""
        try:
            self.last_good.keep(text)
        except OSError as failure:
            log.warning("cannot keep the last good policy: %s", failure)

    async def revoke(self, revoked: frozenset[str]) -> None:
        """Refuse these API keys from now on, also after a restart."""
        if revoked == self.holder.revoked:
            return
        self.holder.revoke(revoked)
        log.info("%d API keys are revoked", len(revoked))
        try:
            await asyncio.to_thread(self.last_good.keep_revoked, revoked)
        except OSError as failure:
            log.warning("cannot keep the revoked keys: %s", failure)

    async def take_last_good(self) -> bool:
        """Start with what is on disk; False where nothing usable is."""
        text = self.last_good.text()
        if text is None:
            return False
        self.holder.revoke(self.last_good.revoked())
        return not await self.take(text, str(self.last_good.path), source=f"disk ({self.last_good.path})")


class FileSource:
    """Watches a policy file by modification time and content."""

    def __init__(self, path: Path, intake: Intake) -> None:
        self.path = path
        self.intake = intake
        self.seen: tuple[int, int, int] | None = None  # mtime_ns, size, inode
        self.revision = ""
        self.unreadable = ""
        self.hurry = asyncio.Event()

    def reload(self) -> None:
        """Look at the file now, whatever its modification time says (SIGHUP)."""
        self.seen = None
        self.revision = ""
        self.hurry.set()

    async def look(self) -> tuple[str, ...]:
        """Read the file if it changed; the problems of what it holds."""
        try:
            state = self.path.stat()
            signature = (state.st_mtime_ns, state.st_size, state.st_ino)
            if signature == self.seen:
                return ()
            text = await asyncio.to_thread(self.path.read_text, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as failure:
            return self.tell_unreadable(failure)
        self.seen, self.unreadable = signature, ""
        revision = revision_of(text)
        if revision == self.revision:
            return ()
        self.revision = revision
        return await self.intake.take(text, str(self.path), source=str(self.path))

    def tell_unreadable(self, failure: Exception) -> tuple[str, ...]:
        """A policy file that cannot be read is told once, not twice a second."""
        reason = getattr(failure, "strerror", None) or str(failure)
        problem = f"{self.path}: cannot read the policy: {reason}"
        if problem != self.unreadable:
            self.unreadable, self.seen = problem, None
            self.intake.refuse((problem,), "", str(self.path))
        return (problem,)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self.hurry.clear()
            await self.look()
            try:
                await asyncio.wait_for(self.hurry.wait(), WATCH_S)
            except TimeoutError:
                continue


class ControlSource:
    """Follows a control endpoint by long polls: policy and overlays."""

    def __init__(self, client: httpx2.AsyncClient, tenant: str, intake: Intake) -> None:
        self.client = client
        self.tenant = tenant
        self.intake = intake
        self.revision = ""  # last one told, applied or refused
        self.overlays_version = 0
        self.away = ""
        self.hurry = asyncio.Event()

    def reload(self) -> None:
        """Ask at once and take whatever is told (SIGHUP)."""
        self.revision = ""
        self.hurry.set()

    async def poll(self, timeout_s: int = POLL_TIMEOUT_S) -> bool:
        """One long poll; False where the endpoint gave no answer that can be used."""
        query = {
            "tenant": self.tenant,
            "revision": self.revision,
            "runs": self.intake.holder.snapshot.revision,
            "overlays": str(self.overlays_version),
            "timeout_s": str(timeout_s),
        }
        try:
            answer = await self.client.get("/v1/follow", params=query)
            answer.raise_for_status()
            told = msgspec.json.decode(answer.content, type=Following)
        except (httpx2.HTTPError, msgspec.MsgspecError) as failure:
            self.tell_away(to_reason(failure))
            return False
        if self.away:
            log.info("control endpoint %s answers again", self.client.base_url)
            self.away = ""
        await self.take(told)
        return True

    async def take(self, told: Following) -> None:
        """Put in force what was told. A refused policy is not asked for again."""
        await self.intake.revoke(frozenset(told.revoked))
        if told.policy and told.revision != self.revision:
            await self.intake.take(told.policy, "policy", source=str(self.client.base_url))
        self.revision = told.revision
        if told.overlays_version != self.overlays_version:
            self.overlays_version = told.overlays_version
            self.intake.holder.overlay(told.overlays, told.overlays_version)

    def tell_away(self, reason: str) -> None:
        """Say once per change that the endpoint is away, and what holds meanwhile."""
        if reason == self.away:
            return
        self.away = reason
        holder = self.intake.holder
        holds = f"revision {holder.snapshot.revision} stays" if holder.has_policy else "waiting for a policy"
        log.warning("control endpoint %s is away (%s); %s", self.client.base_url, reason, holds)

    async def run(self) -> None:
        """Follow until cancelled, with longer and longer pauses while the endpoint is away."""
        pause_s, longest_s = BACKOFF_S
        while True:
            self.hurry.clear()
            if await self.poll():
                pause_s = BACKOFF_S[0]
                continue
            try:
                await asyncio.wait_for(self.hurry.wait(), pause_s)
            except TimeoutError:
                pause_s = min(pause_s * 2, longest_s)


def to_reason(failure: Exception) -> str:
    """Why a poll failed; a token that may not follow is the operator's to change."""
    if isinstance(failure, httpx2.HTTPStatusError) and failure.response.status_code in (401, 403):
        status = failure.response.status_code
        what = "TIDEGATE_CONTROL_TOKEN must be the console's TIDEGATE_PROXY_TOKEN"
        return f"{status}: the token is not a proxy's; {what}"
    return f"{type(failure).__name__}: {failure}"


Source = FileSource | ControlSource


def control_client(url: str, token: str) -> httpx2.AsyncClient:
    """A client for the control endpoint; the environment's proxies are not asked."""
    return httpx2.AsyncClient(
        base_url=url,
        headers={"authorization": f"Bearer {token}"},
        timeout=httpx2.Timeout(5.0, connect=CONNECT_TIMEOUT_S, read=POLL_TIMEOUT_S + 10.0),
        trust_env=False,
    )
