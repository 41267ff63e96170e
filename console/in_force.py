"""What is in force: the policy, overlays, revoked keys; and who waits for news of them.

Everything here runs on the event loop, except the store, which has one thread of its own:
its calls are serialised, and an fsync stalls nobody.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from console.audit import MERGED_WITHIN_S, Deed
from console.facts import NotHeld, Objected, UnknownTenant
from console.guardrails import objections
from console.overlay_deeds import overlay_deeds
from console.policy_file import FileReading
from console.store import Clock, Store
from kernel.clock import REAL_TIME
from kernel.control import ANALYTICS, Following, Lease, Loop, RevokedKey, SeenProxy
from kernel.findings import Overlay
from kernel.policy import Policy

SEEN_AGAIN_AFTER_S = 10.0  # a follower that asks for the same again costs one write in this time
MOST_SEEN = 1_000
RESTING_S = 3600.0  # the expiry task's sleep where nothing expires; a change wakes it

P = ParamSpec("P")
T = TypeVar("T")


class InForce:
    """One tenant's policy, overlays and revoked keys, as followers see them."""

    def __init__(self, store: Store, *, reading: FileReading, clock: Clock) -> None:
        policy = reading.policy
        assert policy is not None  # nobody puts a refused one in force
        self._store = store
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._policy = policy
        self._reading = reading
        self._clock = clock
        self.tempo = REAL_TIME  # of overlays and rules: a replay's clock; leases are of real time
        self._changed = asyncio.Condition()
        # One change of overlays at a time, from the check to what followers see.
        self._changing = asyncio.Lock()
        self._overlays = store.overlays(policy.tenant)
        self._version = store.version(policy.tenant)
        self._loop = store.loop(policy.tenant)
        self._revoked = store.credentials.revoked_keys(policy.tenant)
        self._expiry_moved = asyncio.Event()
        self._is_ending = False
        self._seen: dict[str, SeenProxy] = {}

    async def close(self) -> None:
        """Finish the store's work and close it."""
        await self._stored(self._store.close)
        self._writer.shutdown()

    async def _stored(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: work(*args, **kwargs))

    async def _done(self, deed: Deed, work: Callable[[], T]) -> T:
        """Do `work` on the store and note the deed, both or neither."""

        def both() -> T:
            with self._store.transaction():
                result = work()
                self._store.audit.note(self.tenant, deed, self._clock())
            return result

        return await self._stored(both)

    async def _routine(
        self,
        work: Callable[[], T],
        deeds: Callable[[T], Iterable[Deed]],
        *,
        within_s: float = MERGED_WITHIN_S,
    ) -> T:
        """Do `work` on the store and note what of it is a deed of analytics, all or nothing."""

        def both() -> T:
            with self._store.transaction():
                result = work()
                for deed in deeds(result):
                    self._store.audit.note_routine(self.tenant, deed, self._clock(), within_s=within_s)
            return result

        return await self._stored(both)

    @property
    def tenant(self) -> str:
        """The policy's tenant."""
        return self._policy.tenant

    @property
    def rules(self) -> frozenset[str]:
        """Names of the limits and access rules in force."""
        return frozenset(rule.name for rule in (*self._policy.limits, *self._policy.access))

    @property
    def revision(self) -> str:
        """The policy's revision in force."""
        return self._reading.revision

    @property
    def overlays_version(self) -> int:
        """Grows with every change of what is in force."""
        return self._version

    @property
    def is_ending(self) -> bool:
        """Whether the process is about to end: nobody may wait any more."""
        return self._is_ending

    def require(self, tenant: str) -> None:
        """Raise UnknownTenant for another tenant's name."""
        if tenant != self.tenant:
            raise UnknownTenant(f"this control endpoint serves tenant {self.tenant!r}, not {tenant!r}")

    def _events_clock(self) -> float:
        return self.tempo.at(self._clock())

    def in_force(self) -> tuple[Overlay, ...]:
        """The overlays that hold now: none while the loop is paused."""
        if self._loop.paused:
            return ()
        now = self._events_clock()
        return tuple(overlay for overlay in self._overlays if overlay.expires_at > now)

    def _is_news(self, revision: str, version: int) -> bool:
        return self._is_ending or revision != self.revision or version != self._version

    async def follow(self, revision: str, version: int, timeout_s: float) -> Following:
        """What is in force, as soon as it differs from (revision, version), or after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: self._is_news(revision, version))
        except TimeoutError:
            pass
        text = "" if revision == self.revision else self._reading.text
        revoked = tuple(key.sha256 for key in self._revoked)
        return Following(self.tenant, self.revision, text, self._version, self.in_force(), revoked)

    def see(self, name: str, revision: str, version: int) -> None:
        """Note a follower and what it says it has; it does not wait for the store, whatever that does."""
        proxy = SeenProxy(name, revision, version, self._clock())
        before = self._seen.get(name)
        is_same = before and (before.revision, before.overlays_version) == (revision, version)
        if before and is_same and proxy.seen_at - before.seen_at < SEEN_AGAIN_AFTER_S:
            return
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen[name] = proxy
        self._writer.submit(self._note_seen, proxy)

    def _note_seen(self, proxy: SeenProxy) -> None:
        # Who follows may be lost; the next change of it, or some seconds, bring it again.
        with contextlib.suppress(sqlite3.Error):
            self._store.see_proxy(self.tenant, proxy)

    async def release_followers(self) -> None:
        """Answer everybody who waits, now and from now on: the process is about to end."""
        async with self._changed:
            self._is_ending = True
            self._changed.notify_all()

    async def _require_lease(self, holder: str) -> None:
        lease = await self._stored(self._store.lease, self.tenant)
        now = self._clock()
        if lease.holder == holder and lease.expires_at > now:
            return
        whose = f"{lease.holder!r} holds it" if lease.expires_at > now else "nobody holds it"
        raise NotHeld(f"{holder!r} does not hold the lease of tenant {self.tenant!r}: {whose}")

    async def put_overlays(
        self, holder: str, overlays: tuple[Overlay, ...], *, author: str = ANALYTICS
    ) -> int:
        """Replace the overlays. Raises NotHeld or Objected; the new version otherwise."""
        async with self._changing:
            await self._require_lease(holder)
            if self._loop.paused and overlays:
                raise NotHeld(f"the loop is paused: {self._loop.reason or 'no reason given'}")
            reasons = objections(self._policy, overlays, self._events_clock())
            if reasons:
                raise Objected(reasons)
            await self._replace(overlays, author)
            return self._version

    async def _replace(self, overlays: tuple[Overlay, ...], author: str, because: str = "") -> None:
        """Store, then publish: a follower never sees what a crash could take back."""
        deeds = overlay_deeds(self._overlays, overlays, author=author, withdrawn_because=because)
        version = await self._routine(
            lambda: self._store.replace_overlays(self.tenant, overlays), lambda _: deeds
        )
        if version == self._version:
            return
        self._overlays = await self._stored(self._store.overlays, self.tenant)
        await self._publish(version)

    async def _publish(self, version: int) -> None:
        self._expiry_moved.set()
        async with self._changed:
            self._version = version
            self._changed.notify_all()

    async def take_lease(self, holder: str, ttl_s: float, *, author: str = ANALYTICS) -> tuple[bool, Lease]:
        """Take or renew the lease: whether `holder` has it, and the lease."""

        def take() -> tuple[Lease, Lease]:
            before = self._store.lease(self.tenant)
            return before, self._store.take_lease(self.tenant, holder, ttl_s)

        def taken(leases: tuple[Lease, Lease]) -> tuple[Deed, ...]:
            """A renewal is no deed."""
            before, lease = leases
            is_new = before.holder != holder or before.expires_at <= self._clock()
            is_deed = lease.holder == holder and is_new
            return (Deed(author, "take lease", self.tenant, holder),) if is_deed else ()

        _, lease = await self._routine(take, taken)
        return lease.holder == holder, lease

    def loop(self) -> Loop:
        """Whether automation is paused."""
        return self._loop

    async def set_loop(self, *, paused: bool, reason: str, author: str = "") -> Loop:
        """Pause: overlays stop to hold at once. Resume: those that have not expired hold again."""
        deed = Deed(author, "pause loop" if paused else "resume loop", self.tenant, reason)
        async with self._changing:

            def change() -> tuple[Loop, int]:
                loop = self._store.set_loop(self.tenant, paused=paused, reason=reason)
                return loop, self._store.raise_version(self.tenant)

            self._loop, version = await self._done(deed, change)
            await self._publish(version)
            return self._loop

    async def revoke_key(self, sha256: str, reason: str, *, author: str) -> RevokedKey:
        """Refuse an API key at every proxy from now on. A key that is revoked already stays so."""
        key = RevokedKey(sha256, reason, author, self._clock())
        deed = Deed(author, "revoke key", sha256, reason)
        async with self._changing:
            for known in self._revoked:
                if known.sha256 == sha256:
                    return known

            def revoke() -> int:
                self._store.credentials.revoke_key(self.tenant, key)
                return self._store.raise_version(self.tenant)

            version = await self._done(deed, revoke)
            self._revoked = (key, *self._revoked)
            await self._publish(version)
            return key

    async def revoked_keys(self) -> tuple[RevokedKey, ...]:
        """Every revoked API key, the newest first."""
        return self._revoked

    async def _put_in_force(self, reading: FileReading, policy: Policy) -> None:
        async with self._changing:
            async with self._changed:
                self._policy, self._reading = policy, reading
                self._changed.notify_all()
            now = self._events_clock()
            # What the new policy no longer allows is withdrawn; the rest stays in force.
            kept = tuple(each for each in self._overlays if not objections(policy, (each,), now))
            await self._replace(kept, "policy", f"revision {self.revision} does not allow it")

    async def expire_overlays(self) -> None:
        """Withdraw each overlay when its time has come, which is news to followers. For ever."""
        while True:
            self._expiry_moved.clear()
            next_expiry = min((each.expires_at for each in self._overlays), default=float("inf"))
            wait_s = min(max(next_expiry - self._events_clock(), 0.0) / self.tempo.scale, RESTING_S)
            try:
                async with asyncio.timeout(wait_s):
                    await self._expiry_moved.wait()
            except TimeoutError:
                await self._drop_expired()

    async def _drop_expired(self) -> None:
        async with self._changing:
            now = self._events_clock()
            kept = tuple(each for each in self._overlays if each.expires_at > now)
            await self._replace(kept, "expiry", "its time is over")
