"""The worker of replay jobs: claims one, replays it, tells how far it is, and ends where it is cancelled."""

import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import Final, Protocol

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.accounting import Accountant, Console
from analytics.control import Unreachable
from analytics.denials import denials_in
from analytics.replay_rules import NotReplayable
from analytics.replaying import Cancelled, replay
from analytics.situations import situation_of
from kernel.compile import revision_of
from kernel.patch import AddLimit, Patch, SetMode, StalePatch, apply
from kernel.recommendations import Recommendation, patch_digest
from kernel.replays import Job, JobState, ReplayReport, ReplayRequest
from warehouse.failures import to_reason
from warehouse.readers_replay import ReplayReader

TELL_EVERY_S: Final = 0.5
LOOK_EVERY_S: Final = 0.5
LOOK_BACK_S: Final = 3_600.0  # over which a recommendation is replayed
# An attack that goes on tells more: its recommendation is replayed again, at a twentieth of a core.
AGAIN_S: Final = 20.0
CHOSEN: Final = ("limit-client", "limit-logins")  # kinds whose value is chosen from data
REST: Final = 20.0  # times what the last replay took

log = logging.getLogger("tidegate.analytics.replays")


class Desk(Console, Protocol):
    """Where jobs come from: analytics.control.Control. Each call may raise Unreachable."""

    def claim_job(self) -> Job | None: ...
    def text_of(self, revision: str) -> str: ...
    def proposed(self) -> list[Recommendation]: ...
    def recommend(self, recommendations: Sequence[Recommendation]) -> None: ...
    def put_job(
        self,
        which: str,
        state: JobState,
        *,
        progress: float,
        report: ReplayReport | None = None,
        failure: str = "",
    ) -> JobState: ...


class Times(msgspec.Struct, frozen=True):
    """`monotonic` seconds measure; `now` is seconds since 1970 on the events' clock."""

    monotonic: Callable[[], float]
    now: Callable[[], float]


Alive = Callable[[float], bool]  # hears how far a replay is; False ends it


class Worker:
    """Replays one job at a time, and between jobs each open recommendation, when it is due.

    One that has no replay yet comes first, before and amid jobs: somebody waits to decide.
    """

    def __init__(self, desk: Desk, client: Client, tenant: str, *, hash_key: bytes, times: Times) -> None:
        self._desk, self._client, self._tenant = desk, client, tenant
        self._hash_key, self._clock, self._now = hash_key, times.monotonic, times.now
        self._told_at = 0.0
        self._accountant = Accountant(desk, client, tenant, hash_key=hash_key)
        self._stop = Event()
        self._given_up: dict[str, Patch] = {}  # by recommendation: a change that cannot be replayed
        self._later: dict[str, float] = {}  # by recommendation: when it is tried again

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; a job that is not done by then is queued again."""
        self._stop = stop
        while not stop.is_set():
            try:
                if not self.turn():
                    stop.wait(LOOK_EVERY_S)
            except Unreachable as problem:
                log.debug("no jobs: %s", problem)
                stop.wait(LOOK_EVERY_S * 4)

    def turn(self) -> bool:
        """Do one job; False where there is nothing to do. Raises Unreachable."""
        if self.speak_for_recommendations(self._goes_on, only_fresh=True):
            return True
        job = self._desk.claim_job()
        if job is None:
            self._accountant.turn(self._clock(), self._now())
            return self.speak_for_recommendations(self._goes_on)
        try:
            report = self._replayed(job)
        except (NotReplayable, ClickHouseError) as problem:
            reason = str(problem) if isinstance(problem, NotReplayable) else to_reason(problem)
            self._desk.put_job(job.id, "failed", progress=0.0, failure=reason)
        except Cancelled:
            if self._stop.is_set():
                self._desk.put_job(job.id, "queued", progress=0.0)
        else:
            self._desk.put_job(job.id, "done", progress=1.0, report=report)
            log.info("replay %s took %.1f s", job.id, report.took_s)
        return True

    def speak_for_recommendations(self, alive: Alive, *, only_fresh: bool = False) -> bool:
        """Replay the recommendation that waits longest; False where none is due. Raises Unreachable."""
        now = self._now()
        waiting = [each for each in self._desk.proposed() if self._waits(each, now, only_fresh)]
        for each in sorted(waiting, key=urgency)[:1]:
            try:
                candidate = apply(self._desk.text_of(""), enforced(each.patch), now)
                request = ReplayRequest(candidate, now - LOOK_BACK_S, now, curve_of=each.rules)
                self._report(each, self.replayed(request, alive, chooses=each.kind in CHOSEN))
            except (StalePatch, NotReplayable) as problem:
                log.warning("recommendation %s is not replayed: %s", each.id, problem)
                self._given_up[each.id] = each.patch
            except ClickHouseError as problem:  # an outage, or too much at once: others come first
                log.warning("recommendation %s is replayed later: %s", each.id, to_reason(problem))
                self._later[each.id] = now + AGAIN_S
            except Cancelled:
                return False
        return bool(waiting)

    def _waits(self, proposed: Recommendation, now: float, only_fresh: bool) -> bool:
        if self._given_up.get(proposed.id) == proposed.patch or now < self._later.get(proposed.id, 0.0):
            return False
        return proposed.replay is None if only_fresh else is_due(proposed, now)

    def _report(self, replayed: Recommendation, report: ReplayReport) -> None:
        """Tell what a change would have done; where it was proposed anew meanwhile, of another change."""
        current = [each for each in self._desk.proposed() if each.id == replayed.id]
        if current and current[0].patch == replayed.patch:
            report = msgspec.structs.replace(report, patch=patch_digest(replayed.patch))
            self._desk.recommend([msgspec.structs.replace(current[0], replay=report)])

    def _goes_on(self, _: float) -> bool:
        return not self._stop.is_set()

    def replayed(self, request: ReplayRequest, progress: Alive, *, chooses: bool = False) -> ReplayReport:
        """A request answered. Raises NotReplayable, Cancelled, Unreachable, and the client's errors."""
        began = self._clock()
        base = self._desk.text_of(request.base)
        situation = situation_of(self._client, self._tenant, request, base=base, opinions=self._desk.labels())
        source = ReplayReader(self._client, self._tenant)
        then = self._text_then(source.judged_by(request.since, request.until), base)
        situation = msgspec.structs.replace(situation, hash_key=self._hash_key, chooses=chooses, then=then)
        report = replay(request, situation, source, progress=progress, clock=self._clock)
        return msgspec.structs.replace(report, took_s=self._clock() - began)

    def _text_then(self, revision: str, base: str) -> str:
        """The policy that was active then; empty where that is the base, or nobody knows it any more."""
        if not revision or revision == revision_of(base):
            return ""
        try:
            return self._desk.text_of(revision)
        except Unreachable as problem:
            log.debug("revision %s: %s", revision, problem)
            return ""

    def _replayed(self, job: Job) -> ReplayReport:
        self._told_at = -TELL_EVERY_S

        def progress(share: float) -> bool:
            if not alive(share):
                return False
            try:
                self.speak_for_recommendations(lambda _: alive(share), only_fresh=True)
            except Unreachable as problem:
                log.debug("recommendations wait: %s", problem)
            return True

        def alive(share: float) -> bool:
            return self._goes_on(share) and self._tell(job, share)

        return self.replayed(job.request, progress)

    def _tell(self, job: Job, share: float) -> bool:
        """Say how far it is, not too often; False where it is cancelled."""
        now = self._clock()
        if now - self._told_at < TELL_EVERY_S:
            return True
        self._told_at = now
        try:
            return self._desk.put_job(job.id, "running", progress=share) == "running"
        except Unreachable as problem:  # the console may be back before the claim is void
            log.debug("progress untold: %s", problem)
            return True


def enforced(patch: Patch) -> Patch:
    """A patch as if an operator enforced its rules: they are proposed as shadows, which refuse nobody."""
    limits = [each.limit for each in patch.operations if isinstance(each, AddLimit)]
    rules = (*denials_in(patch), *limits)
    return Patch(patch.base, (*patch.operations, *(SetMode(rule.name, "enforce") for rule in rules)))


def urgency(recommendation: Recommendation) -> tuple[float, bool, float]:
    """The least is replayed next: who waits longest, findings before gaps, the most confident."""
    until = recommendation.replay.until if recommendation.replay else 0.0
    return until, not recommendation.finding, -recommendation.confidence


def is_due(recommendation: Recommendation, now: float) -> bool:
    """Whether it has no replay, or one that newer traffic should replace."""
    last = recommendation.replay
    return last is None or now - last.until >= max(AGAIN_S, REST * last.took_s)
