"""The loop: once a second read what the watermark has passed, judge it, write findings, set overlays.

A tick reads only what it has not judged yet, so its cost does not grow with history. A start
learns from the minutes before (WARM_UP_S), takes up the findings that the warehouse holds, and goes
on deciding from the second that was noted last (MOST_CATCH_UP_S at most), a part in each tick: no
overlay is set while it is behind. The warehouse may be away (a tick fails, is counted, and is tried
again later) and so may the control endpoint (analytics goes on finding, overlays wait).
"""

import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import Protocol

import msgspec

from analytics.denials import AFTERWARDS_S
from analytics.engine import Engine
from analytics.ingest import STRETCH_S, Signs, to_hours, to_windows
from analytics.lateness import KEPT_S, Lateness
from analytics.publisher import Publisher
from analytics.telling import Outage, moment
from analytics.weekly import NOTED_S, same_hours, to_row
from kernel.boundary import contain
from kernel.findings import Finding, Overlay
from warehouse.demand import DemandRow
from warehouse.failures import FAILURES
from warehouse.readers import History, Watermark
from warehouse.readers_analytics import (
    AddressColumns,
    CellColumns,
    LoginColumns,
    MixColumns,
    ProbeColumns,
    RouteColumns,
)

CATCH_UP_S = 600  # decided at the very first start
MOST_CATCH_UP_S = 86_400  # decided after a downtime; what is older is history, and only learnt from roll-ups
WARM_UP_S = 720
NOTE_EVERY_S = 10
HANDOVER_S = 30  # a lease that nobody renews ends after 10 s
SEASON_S = 3 * 86_400  # of hourly roll-ups, from which daily seasons are taken up again
FIRST_CHUNK_S = 60
LONGEST_CHUNK_S = 86_400
FEW_CELLS, MANY_CELLS = 20_000, 200_000  # per chunk: longer chunks below, shorter ones above
MOST_PENDING = 10_000
BACKOFF_S = (0.5, 1.0, 2.0, 5.0)
LOSS_WEIGHT = 10.0  # a tenth of telemetry lost takes all confidence

log = logging.getLogger("tidegate.analytics")


class Windows(Protocol):
    """What the loop reads: see warehouse.readers_analytics.WindowReader."""

    def cells(self, since: float, until: float) -> CellColumns: ...
    def routes(self, since: float, until: float) -> RouteColumns: ...
    def addresses(self, since: float, until: float) -> AddressColumns: ...
    def logins(self, since: float, until: float) -> LoginColumns: ...
    def probes(self, since: float, until: float) -> ProbeColumns: ...
    def mixes(self, since: float, until: float) -> MixColumns: ...
    def hours(self, since: float, until: float) -> History: ...
    def rows_there(self, since: float, until: float) -> dict[int, int]: ...
    def watermark(self, now: float, *, pace: float = 1.0) -> Watermark: ...


class Archive(Protocol):
    """Where findings and overlays are kept."""

    def known(self, since: float) -> Sequence[Finding]:
        """Findings with an onset since then, that ended since, and open ones."""

    def keep_findings(self, findings: Sequence[Finding]) -> None:
        """Write new ones and new states of known ones."""

    def keep_overlays(self, overlays: Sequence[Overlay]) -> None:
        """Write what was published."""

    def progress(self) -> int | None:
        """The first second that is not judged yet; None where nothing was ever judged."""

    def keep_progress(self, judged: int) -> None:
        """Note how far it was judged; all findings before are written."""

    def demand(self, hours: Sequence[int]) -> Sequence[DemandRow]:
        """What was usual in some hours of the past, each told by its first second."""

    def keep_demand(self, rows: Sequence[DemandRow]) -> None:
        """Note what is usual now, for the weeks to come."""


class Pace(msgspec.Struct, frozen=True):
    """The clock, and how much faster than time it runs; `origin` is where a replay began.

    `most_cells`: a tick that has judged as many leaves the rest to the next one.
    """

    clock: Callable[[], float]
    scale: float = 1.0
    origin: float = 0.0
    most_cells: int = MANY_CELLS


class Counters(msgspec.Struct):
    """Since the start."""

    ticks: int = 0
    failed: int = 0
    findings: int = 0
    ahead: int = 0  # rows that were clamped
    late: int = 0  # rows that came after their second was judged


class Loop:
    """Analytics of one tenant."""

    def __init__(
        self, engine: Engine, windows: Windows, *, archive: Archive, publisher: Publisher, pace: Pace
    ) -> None:
        self.counters = Counters()
        self._engine = engine
        self._windows = windows
        self._archive = archive
        self._publisher = publisher
        self._pace = pace
        self._resume: int | None = None  # from here on findings are told
        self._is_warm = False
        self._began = 0  # first second of the warm-up
        self._next = 0  # first second that is not judged yet
        self._noted = 0  # what of it the archive knows
        self.is_behind = False  # whether windows are left that the watermark has passed
        self._stretch = 0  # number of the ten minutes whose demand is noted
        self._chunk_s = FIRST_CHUNK_S
        self._lateness = Lateness()
        self._outage = Outage()
        self._pending: dict[str, Finding] = {}
        self._told: set[str] = set()

    def run(self, stop: Event, tick_s: float) -> None:
        """Tick until `stop` is set."""
        failures = 0
        while not stop.is_set():
            began = self._pace.clock()
            if not self._try():
                stop.wait(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
                failures += 1
                continue
            failures = 0
            spent = (self._pace.clock() - began) / self._pace.scale
            stop.wait(0.0 if self.is_behind else max(tick_s - spent, 0.0))

    def _try(self) -> bool:
        """A tick. The worker loop: whatever failed is counted and told, and tried again."""
        if contain(self._ticked, self._outage, lambda bug: log.warning("a tick failed", exc_info=bug)):
            return True
        self.counters.failed += 1
        return False

    def _ticked(self, outage: Outage) -> bool:
        try:
            self.tick()
        except FAILURES as failure:
            outage.goes_on(failure)
            return False
        outage.is_over()
        return True

    def tick(self) -> None:
        """One round. Raises what the warehouse's client raises."""
        now = self._pace.clock()
        self._publisher.refresh(now, self._engine)
        mark = self._windows.watermark(now, pace=self._pace.scale)
        self.is_behind = False
        if mark.through is not None:
            until = int(mark.through)
            if self._resume is None:
                self._begin(until)
            if not self._is_warm:
                self._warm_up()
            self._judge(until, mark.loss)
            self.is_behind = self._next < until
            if not self.is_behind:
                self._look_back(until, mark.spooled)
                self._follow_week()
        self._write()
        if not self.is_behind:  # what was found in the past is no reason to limit anybody now
            published = self._publisher.publish(self._pace.clock(), self._engine, mark.loss)
            self._archive.keep_overlays(published)
            self._publisher.propose(self._pace.clock(), self._engine)
        self.counters.ticks += 1

    def _begin(self, until: int) -> None:
        """Choose where to start: where the last process stopped, else CATCH_UP_S ago."""
        resume = self._resume_at(until, self._archive.progress())
        begin = (resume - WARM_UP_S) // 60 * 60
        if self._pace.scale != 1.0:
            resume = begin = int(self._pace.origin)
        self._engine.tracker.restore(self._archive.known(min(begin, resume - AFTERWARDS_S)))
        if self._pace.scale == 1.0:
            self._engine.remember(to_hours(self._windows.hours(begin - SEASON_S, begin)))
        self._next, self._began, self._resume = begin, begin, resume

    def _resume_at(self, until: int, noted: int | None) -> int:
        if noted is None:
            return until - CATCH_UP_S
        if noted < until - MOST_CATCH_UP_S:
            log.warning("%d s were never judged: a day is caught up with", until - MOST_CATCH_UP_S - noted)
        return min(max(noted, until - MOST_CATCH_UP_S), until)

    def _warm_up(self) -> None:
        """Replay the minutes before; what that finds anew is not told."""
        if self._resume is None:
            return
        while self._next < self._resume:
            self._advance(self._resume, 0.0)
        ended = self._engine.tracker.resume(self._resume, since=self._began)
        self._pending.clear()
        self._keep(ended, 0.0)
        self._is_warm = True
        log.info("warmed up; deciding from %s UTC on", moment(self._resume))

    def _judge(self, until: int, loss: float) -> None:
        """Judge windows before `until`, as many as a tick may."""
        read = 0
        while self._next < until and read < self._pace.most_cells:
            read += self._advance(until, loss)

    def _advance(self, until: int, loss: float) -> int:
        """Judge one chunk of windows; returns how many cells it had."""
        end = min(self._next + self._chunk_s, until)
        cells = self._windows.cells(self._next, end)
        routes = self._windows.routes(self._next, end)
        windows = to_windows(
            cells,
            routes,
            Signs(
                addresses=self._addresses(self._next, end),
                logins=self._windows.logins(self._next, end),
                probes=self._windows.probes(self._next, end),
                mixes=self._windows.mixes(self._next, end),
            ),
        )
        found = self._engine.advance(windows, end, self._pace.clock())
        self._next = end
        self.counters.ahead += sum(cells.ahead)
        stamped = [rows - ahead for rows, ahead in zip(cells.requests, cells.ahead, strict=True)]
        self._lateness.judged(cells.second, stamped, end)
        self._keep(found, loss)
        if len(cells.second) < FEW_CELLS:
            self._chunk_s = min(self._chunk_s * 2, LONGEST_CHUNK_S)
        elif len(cells.second) > MANY_CELLS:
            self._chunk_s = max(self._chunk_s // 2, 1)
        return len(cells.second)

    def _look_back(self, until: int, spooled: int) -> None:
        """Count rows that came late, and let what learns slowly have the latest of them."""
        if not self._lateness.is_due(until):
            return
        since = max(until - self._lateness.reach_s(until, spooled), self._resume or 0)
        grown = self._lateness.compare(self._windows.rows_there(since, until), until)
        seconds = [second for second in grown if second >= until - KEPT_S]
        if seconds:
            cells = self._windows.cells(seconds[0], seconds[-1] + 1)
            routes = self._windows.routes(seconds[0], seconds[0])
            late = set(seconds)
            self._engine.learn_late(each for each in to_windows(cells, routes) if each.second in late)
        self.counters.late = self._lateness.late

    def _follow_week(self) -> None:
        """Hear each hour what was usual at this time of past weeks, and note each ten minutes what is now."""
        now = self._next
        if self._engine.weekly.is_due(now):
            self._engine.weekly.take(self._archive.demand(same_hours(now)), now)
        stretch = now // NOTED_S
        if stretch == self._stretch or not self._publisher.is_active:
            return
        usual = {scope: self._engine.usual(scope) for scope in self._engine.limited}
        rows = [to_row(scope, each, now) for scope, each in usual.items() if each.learnt_s >= NOTED_S]
        self._archive.keep_demand(rows)
        self._stretch = stretch

    def _addresses(self, since: int, until: int) -> AddressColumns | None:
        """The stretches of ten seconds whose last second lies in [since, until)."""
        first, end = since // STRETCH_S, until // STRETCH_S
        return self._windows.addresses(first * STRETCH_S, end * STRETCH_S) if first < end else None

    def _keep(self, found: list[Finding], loss: float) -> None:
        """Take findings up for writing; telemetry that is lost costs confidence."""
        trust = max(0.0, 1.0 - LOSS_WEIGHT * loss)
        for finding in found:
            known = self._pending.get(finding.id)
            if known is None and len(self._pending) >= MOST_PENDING:
                continue
            self.counters.findings += 1
            self._pending[finding.id] = msgspec.structs.replace(
                finding, confidence=round(finding.confidence * trust, 3)
            )

    def _write(self) -> None:
        """Write what is pending, then how far it was judged.

        Only who holds the lease, or does not know better, writes; who does not keeps what is fresh:
        the holder may have died before it found the same.
        """
        if not self._publisher.is_active:
            oldest = self._pace.clock() - HANDOVER_S * self._pace.scale
            self._pending = {
                finding.id: finding
                for finding in self._pending.values()
                if max(finding.found_at, finding.closed_at) >= oldest
            }
            return
        if self._pending:
            self._archive.keep_findings(list(self._pending.values()))
        for finding in self._pending.values():
            self._tell(finding)
        self._pending.clear()
        if self._is_warm and self._next - self._noted >= NOTE_EVERY_S * self._pace.scale:
            self._archive.keep_progress(self._next)
            self._noted = self._next

    def _tell(self, finding: Finding) -> None:
        """Log what is new and what is over, not each refresh."""
        is_over = finding.closed_at > 0.0
        if is_over or finding.id not in self._told:
            log.info("%s %s: %s", finding.detector, "over" if is_over else "found", finding.summary)
        (self._told.discard if is_over else self._told.add)(finding.id)
