"""The operator of the demo: waits for a recommendation, reads it out, approves it, asks what came of it."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from console.asking import NoAnswer
from console.moments import to_span
from console.review import bound_line, told
from console.wording import counted
from kernel.control import Approve, ReviewInFull
from kernel.recommendations import Kind, Realised, Recommendation, Reviewed
from lab.narrator import Narrator

T = TypeVar("T")

LOOK_EVERY_S = 0.5
MOST_LINES = 12  # of a difference
WIDEST = 104
REASON = "the demo's operator has read the replay"


class Desk(Protocol):
    """Where the operator asks; calls block, and each may raise NoAnswer."""

    def proposed(self) -> tuple[Reviewed, ...]: ...
    def review(self, which: str) -> ReviewInFull: ...
    def approve(self, which: str, asked: Approve) -> Reviewed: ...


class Moments(msgspec.Struct, frozen=True):
    """Seconds since 1970: from when on to look, up to when a replay should speak, when to decide, when
    it is too late."""

    begins: float
    covers: float
    decides: float
    latest: float


class Decided(msgspec.Struct, frozen=True):
    """What was approved; `ready_at`: when the recommendation was there with a replay."""

    ready_at: float
    reviewed: Reviewed


class Operator:
    """Works at a desk, and says what it does."""

    def __init__(self, desk: Desk, clock: Callable[[], float], narrator: Narrator, *, pages: str) -> None:
        self._desk = desk
        self._clock = clock
        self._narrator = narrator
        self._pages = pages

    async def work(self, kind: Kind, moments: Moments) -> Decided | None:
        """Wait for a recommendation of a kind, read it at its moment and approve it; None: it never came."""
        await self._sleep_until(moments.begins)
        first = await self._wait(lambda: self._ready(kind, 0.0), moments.latest)
        if first is None:
            self._narrator.loud(f"  operator: no recommendation {kind} with a replay came in time")
            return None
        ready_at = self._clock()
        about = first.recommendation
        self._narrator.loud(f"  recommended: {about.title} ({self.page_of(about)})")
        await self._sleep_until(moments.decides)
        found = await self._wait(lambda: self._ready(kind, moments.covers), moments.latest)
        # Where no replay covers the whole attack in time, one that is there has to do.
        found = found or await self._wait(lambda: self._ready(kind, 0.0), moments.latest) or first
        approved = await self._approve(found, moments.latest)
        if approved is None:
            self._narrator.loud("  operator: the approval was not taken in time")
            return None
        lasts_s = approved.recommendation.lasts_s
        lasts = to_span(lasts_s) if lasts_s else "for ever"
        self._narrator.loud(f"  operator: approves it in mode enforce, for {lasts}")
        return Decided(ready_at, approved)

    async def _approve(self, found: ReviewInFull, latest: float) -> Reviewed | None:
        """Read it out and approve what was read; where that has changed meanwhile, read again."""
        read = ""
        while True:
            if found.patch != read:
                read = found.patch
                for line in reading_of(found):
                    self._narrator.say(f"  operator: {line}")
            about = found.recommendation
            asked = Approve("enforce", REASON, read, lasts_s=about.lasts_s)
            approved = await self._wait(partial(self._desk.approve, about.id, asked), self._clock())
            if approved is not None or self._clock() >= latest:
                return approved
            await asyncio.sleep(LOOK_EVERY_S)
            found = await self._wait(partial(self._desk.review, about.id), latest) or found

    async def account(self, which: str, until: float, *, patience_s: float) -> Realised | None:
        """What the approved rules did up to `until` at least, or as far as it is told when patience ends."""
        latest = self._clock() + patience_s
        whole = await self._wait(lambda: self._realised(which, until), latest)
        return whole or await self._wait(lambda: self._realised(which, 0.0), self._clock())

    async def left(self, patience_s: float) -> Recommendation | None:
        """A recommendation with a replay for somebody else to decide on: a denial before a limit."""
        return await self._wait(self._best, self._clock() + patience_s)

    def page_of(self, recommendation: Recommendation) -> str:
        """Where people read it."""
        return f"{self._pages}/recommendations/{recommendation.id}"

    def _ready(self, kind: Kind, until: float) -> ReviewInFull | None:
        """The recommendation of a kind, if its replay reaches so far."""
        of_kind = [
            each.recommendation.id for each in self._desk.proposed() if each.recommendation.kind == kind
        ]
        for which in of_kind:
            found = self._desk.review(which)
            replay = found.recommendation.replay
            if replay is not None and replay.until >= until:
                return found
        return None

    def _realised(self, which: str, until: float) -> Realised | None:
        found = self._desk.review(which).realised
        return found if found is not None and found.until >= until else None

    def _best(self) -> Recommendation | None:
        ready = [each.recommendation for each in self._desk.proposed() if each.recommendation.replay]
        return min(ready, key=lambda each: (each.kind != "deny-scanner", each.created_at), default=None)

    async def _wait(self, ask: Callable[[], T | None], latest: float) -> T | None:
        """Ask until there is an answer; once at least."""
        while True:
            try:
                found = await asyncio.to_thread(ask)
            except NoAnswer:
                found = None
            if found is not None or self._clock() >= latest:
                return found
            await asyncio.sleep(LOOK_EVERY_S)

    async def _sleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._clock()))


def reading_of(found: ReviewInFull) -> Iterator[str]:
    """What an operator reads before deciding: title, why, whom it would have refused, harm, the change."""
    about = found.recommendation
    yield f"reads «{about.title}»"
    yield f"  why: {about.reason}"
    replay = about.replay
    if replay is not None:
        seen = replay.seen_attack.requests + replay.seen_legitimate.requests
        yield f"  replayed over {counted(seen, 'stored request')}, it would have refused"
        yield f"    of attackers: {told(replay.newly_attack)}"
        yield f"    of legitimate clients: {told(replay.newly_legitimate)}"
        if replay.unrouted_attack.requests or replay.unrouted_legitimate.requests:
            unrouted = (replay.unrouted_attack, replay.unrouted_legitimate)
            attackers, others = (told(each) for each in unrouted)
            yield f"    with 403 in place of 404: of attackers {attackers}, of legitimate clients {others}"
        yield f"  {bound_line(replay.bound)}"
        again = replay.disagreement
        yield f"  the active policy, replayed, disagrees in {again.share:.2%} of {again.compared:,} decisions"
    yield from (f"  {line}" for line in changed_lines(found.diff))


def changed_lines(diff: str) -> Iterator[str]:
    """The lines that a difference adds and takes away, long ones cut, and how many more there are."""
    lines = [
        line
        for line in diff.splitlines()
        if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))
    ]
    for line in lines[:MOST_LINES]:
        yield line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"
    if len(lines) > MOST_LINES:
        yield f"… and {len(lines) - MOST_LINES} more lines"
