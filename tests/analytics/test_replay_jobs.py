"""Jobs are claimed, replayed, told about, cancelled and given back; recommendations get their replay."""

import itertools
from collections.abc import Sequence
from threading import Event

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError

from analytics.control import Unreachable
from analytics.replay_jobs import AGAIN_S, Times, Worker, is_due
from kernel.control import Label
from kernel.patch import AddAccess, AddLimit, Patch
from kernel.policy import AccessRule, Limit
from kernel.recommendations import (
    Approval,
    Evidence,
    KeptApproval,
    Realised,
    Recommendation,
    Reviewed,
    patch_digest,
)
from kernel.replays import Job, JobState, ReplayReport, ReplayRequest, Split
from tests.analytics.replays import GREEDY, HASH_KEY, SINCE, judged_rows, policy_text, steady, store
from warehouse.suspects import Suspect, insert_suspects

BASE = policy_text("{name: wide, rate: 100/s, burst: 200}")
STRICT = policy_text("{name: wide, rate: 100/s, burst: 200}", "{name: strict, rate: 1/s, burst: 2}")


class Desk:
    """A console of ours: one job, one recommendation."""

    def __init__(self, policy: str = "", recommendation: Recommendation | None = None) -> None:
        request = ReplayRequest(policy, SINCE, SINCE + 60)
        self.job = Job("j1", "t", request, "me", "running", 0.0, 0.0, 0.0) if policy else None
        self.answer: JobState = "running"
        self.told: list[tuple[JobState, float]] = []
        self.report: ReplayReport | None = None
        self.failure = ""
        self.recommendation = recommendation
        self.holding: tuple[Reviewed, ...] = ()
        self.realised: Realised | None = None
        self.events: list[str] = []

    def claim_job(self) -> Job | None:
        job, self.job = self.job, None
        return job

    def text_of(self, revision: str) -> str:
        return BASE

    def labels(self) -> tuple[Label, ...]:
        return ()

    def proposed(self) -> list[Recommendation]:
        return [self.recommendation] if self.recommendation is not None else []

    def approved(self) -> tuple[Reviewed, ...]:
        return self.holding

    def kept(self) -> tuple[KeptApproval, ...]:
        return ()

    def reviewed(self, which: str) -> Reviewed:
        raise Unreachable("404")

    def put_realised(self, realised: Realised) -> None:
        self.realised = realised

    def recommend(self, recommendations: Sequence[Recommendation]) -> None:
        (self.recommendation,) = recommendations
        self.events.append("recommendation replayed")

    def put_job(
        self,
        which: str,
        state: JobState,
        *,
        progress: float,
        report: ReplayReport | None = None,
        failure: str = "",
    ) -> JobState:
        self.told.append((state, progress))
        self.events.append(f"job {state}")
        self.report, self.failure = report, failure
        return self.answer


def worker(desk: Desk, client: Client, tenant: str) -> Worker:
    seconds = itertools.count(1)
    times = Times(monotonic=lambda: float(next(seconds)), now=lambda: SINCE + 60)
    return Worker(desk, client, tenant, hash_key=HASH_KEY, times=times)


def test_a_job_is_replayed_and_reported(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=0.1, until_s=60)))
    desk = Desk(STRICT)
    working = worker(desk, warehouse_client, tenant)
    assert working.turn()
    assert desk.told[0] == ("running", 0.0)
    assert desk.told[-1] == ("done", 1.0)
    assert desk.report is not None
    assert desk.report.newly_legitimate == Split(539, 1)
    assert not working.turn()


def test_a_broken_candidate_fails_with_its_reason(warehouse_client: Client, tenant: str) -> None:
    desk = Desk("routes: 1")
    worker(desk, warehouse_client, tenant).turn()
    assert desk.told == [("failed", 0.0)]
    assert "candidate" in desk.failure


def test_a_cancelled_job_ends_without_another_word(warehouse_client: Client, tenant: str) -> None:
    desk = Desk(STRICT)
    desk.answer = "cancelled"
    assert worker(desk, warehouse_client, tenant).turn()
    assert desk.told == [("running", 0.0)]


def test_a_worker_that_is_stopped_gives_its_job_back(warehouse_client: Client, tenant: str) -> None:
    desk, stop = Desk(STRICT), Event()
    working = worker(desk, warehouse_client, tenant)
    stop.set()
    working.run(stop)  # ends at once, and remembers that it should
    working.turn()
    assert desk.told == [("queued", 0.0)]


def recommendation(base: str) -> Recommendation:
    evidence = Evidence((), 0, "", (), (), None, ())
    patch = Patch(base, (AddLimit(Limit(name="strict", rate=1.0, burst=2)),))
    return Recommendation(
        id="r1",
        tenant="t",
        kind="limit-client",
        detector="D1",
        finding="f",
        key=GREEDY,
        route="",
        title="",
        reason="",
        patch=patch,
        rules=("strict",),
        lasts_s=0,
        evidence=evidence,
        confidence=1.0,
        created_at=SINCE,
        expires_at=SINCE + 999,
    )


def test_a_recommendation_without_a_replay_gets_one(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=0.1, until_s=60)))
    desk = Desk(recommendation=recommendation("x"))
    working = worker(desk, warehouse_client, tenant)
    assert working.turn()
    assert desk.recommendation is not None
    assert desk.recommendation.replay is not None
    assert desk.recommendation.replay.rules[0].legitimate == Split(539, 1)
    assert len(desk.recommendation.replay.rules[0].curve) > 1
    assert desk.recommendation.replay.patch == patch_digest(desk.recommendation.patch)
    assert not working.turn()


def test_rules_that_are_proposed_as_shadows_are_replayed_as_if_they_were_enforced(
    warehouse_client: Client, tenant: str
) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=0.1, until_s=60)))
    shadow = AddLimit(Limit(name="strict", mode="shadow", rate=1.0, burst=2))
    proposed = msgspec.structs.replace(recommendation("x"), patch=Patch("x", (shadow,)))
    desk = Desk(recommendation=proposed)
    assert worker(desk, warehouse_client, tenant).turn()
    assert desk.recommendation is not None
    assert desk.recommendation.replay is not None
    assert desk.recommendation.replay.newly_legitimate == Split(539, 1)
    assert desk.recommendation.patch == Patch("x", (shadow,))


def test_a_recommendation_that_does_not_fit_is_given_up(warehouse_client: Client, tenant: str) -> None:
    wide = AddLimit(Limit(name="wide", rate=1.0, burst=2))  # a name that is taken
    stale = msgspec.structs.replace(recommendation("x"), patch=Patch("x", (wide,)))
    desk = Desk(recommendation=stale)
    working = worker(desk, warehouse_client, tenant)
    assert working.turn()
    assert not working.turn()
    assert desk.recommendation is stale


def test_what_approved_rules_did_is_told(warehouse_client: Client, tenant: str) -> None:
    asked = [
        *steady(GREEDY, every_s=0.1, until_s=60),
        *steady("ip:10.0.0.7", every_s=10, until_s=60),
        *steady("ip:10.0.0.8", every_s=10, until_s=20),
    ]
    store(warehouse_client, tenant, judged_rows(tenant, STRICT, asked))
    desk = Desk()
    approval = Approval("enforce", 0.0, 0.0, "r", None, SINCE + 30, "me", "")
    desk.holding = (Reviewed(recommendation("x"), "approved", SINCE, approval=approval),)
    assert not worker(desk, warehouse_client, tenant).turn()
    assert desk.realised is not None
    assert (desk.realised.since, desk.realised.until) == (SINCE + 30, SINCE + 60)
    assert desk.realised.legitimate == Split(270, 1)  # nobody accuses the greedy one here
    assert (desk.realised.bound.harmed, desk.realised.bound.n) == (1, 2)


def test_an_open_recommendation_is_replayed_again_when_newer_traffic_can_tell_more(
    warehouse_client: Client, tenant: str
) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=0.1, until_s=60)))
    desk = Desk(recommendation=recommendation("x"))
    worker(desk, warehouse_client, tenant).turn()
    assert desk.recommendation is not None
    report = desk.recommendation.replay
    assert report is not None
    quick = msgspec.structs.replace(desk.recommendation, replay=msgspec.structs.replace(report, took_s=0.1))
    slow = msgspec.structs.replace(desk.recommendation, replay=msgspec.structs.replace(report, took_s=5.0))
    assert [is_due(quick, report.until + later) for later in (AGAIN_S - 1, AGAIN_S)] == [False, True]
    assert [is_due(slow, report.until + later) for later in (AGAIN_S, 100.0)] == [False, True]


def test_a_fresh_recommendation_is_replayed_before_a_job(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=1, until_s=60)))
    desk = Desk(STRICT, recommendation("x"))
    working = worker(desk, warehouse_client, tenant)
    assert working.turn()
    assert working.turn()
    assert desk.events[:2] == ["recommendation replayed", "job running"]
    assert desk.events[-1] == "job done"


class Arriving(Desk):
    """A recommendation comes while a job runs."""

    def put_job(
        self,
        which: str,
        state: JobState,
        *,
        progress: float,
        report: ReplayReport | None = None,
        failure: str = "",
    ) -> JobState:
        self.recommendation = self.recommendation or recommendation("x")
        return super().put_job(which, state, progress=progress, report=report, failure=failure)


def test_a_fresh_recommendation_does_not_wait_for_a_job_to_end(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=1, until_s=60)))
    desk = Arriving(STRICT)
    assert worker(desk, warehouse_client, tenant).turn()
    replayed = desk.events.index("recommendation replayed")
    assert desk.events[0] == "job running"
    assert replayed < desk.events.index("job done")


class Renewing(Desk):
    """Its recommendation is proposed anew, with another change, while it is replayed."""

    def text_of(self, revision: str) -> str:
        patch = Patch("x", (AddLimit(Limit(name="strict", rate=2.0, burst=2)),))
        assert self.recommendation is not None
        self.recommendation = msgspec.structs.replace(self.recommendation, patch=patch)
        return BASE


def test_a_replay_is_not_told_of_another_change(warehouse_client: Client, tenant: str) -> None:
    desk = Renewing(recommendation=recommendation("x"))
    working = worker(desk, warehouse_client, tenant)
    assert working.turn()
    assert desk.recommendation is not None
    assert desk.recommendation.replay is None
    assert working.turn()
    assert desk.recommendation.replay is not None


class Away:
    """A warehouse's client for which nobody answers."""

    def query(self, *_: object, **__: object) -> None:
        raise OperationalError("connection refused")


def test_an_outage_of_the_warehouse_only_puts_a_replay_off(warehouse_client: Client, tenant: str) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, BASE, steady(GREEDY, every_s=1, until_s=60)))
    desk, seconds = Desk(recommendation=recommendation("x")), iter((SINCE + 60, SINCE + 61, SINCE + 90))
    times = Times(monotonic=lambda: 0.0, now=lambda: next(seconds))
    working = Worker(desk, Away(), tenant, hash_key=HASH_KEY, times=times)  # type: ignore[arg-type]  # ours
    assert working.speak_for_recommendations(lambda _: True)
    working._client = warehouse_client
    assert not working.speak_for_recommendations(lambda _: True)  # others come first
    assert working.speak_for_recommendations(lambda _: True)
    assert desk.recommendation is not None
    assert desk.recommendation.replay is not None


def test_what_was_given_up_is_tried_again_once_it_is_proposed_anew(
    warehouse_client: Client, tenant: str
) -> None:
    wide = AddLimit(Limit(name="wide", rate=1.0, burst=2))  # a name that is taken
    desk = Desk(recommendation=msgspec.structs.replace(recommendation("x"), patch=Patch("x", (wide,))))
    working = worker(desk, warehouse_client, tenant)
    working.turn()
    desk.recommendation = recommendation("y")
    assert working.turn()
    assert desk.recommendation.replay is not None


def test_the_harm_of_a_denial_counts_a_customer_behind_a_denied_address(
    warehouse_client: Client, tenant: str
) -> None:
    """Both addresses are accused; from one of them a customer asks for other things."""
    text = policy_text(
        more='access: [{name: strict, action: deny, networks: ["10.0.2.0/24"], routes: [logins]}]'
    )
    stuffers = ["ip:10.0.2.1", "ip:10.0.2.2"]
    asked = [each for who in stuffers for each in steady(who, every_s=5, until_s=60, route="logins")]
    elsewhere = [(50.0, stuffers[1], "orders")]
    store(warehouse_client, tenant, judged_rows(tenant, text, [*asked, *elsewhere]))
    insert_suspects(
        warehouse_client, tenant, [Suspect("f", who, SINCE - 90, SINCE - 60, 9) for who in stuffers]
    )
    denial = AccessRule(name="strict", action="deny", networks=("10.0.2.0/24",), routes=("logins",))
    proposed = msgspec.structs.replace(recommendation("x"), patch=Patch("x", (AddAccess(denial),)))
    approval = Approval("enforce", 0.0, 0.0, "r", None, SINCE, "me", "")
    desk = Desk()
    desk.holding = (Reviewed(proposed, "approved", SINCE, approval=approval),)
    worker(desk, warehouse_client, tenant).turn()
    assert desk.realised is not None
    assert (desk.realised.attack, desk.realised.legitimate) == (Split(12, 1), Split(12, 1))


class Remembering(Desk):
    """Knows the revision of that time, or says that it does not."""

    known = ""

    def text_of(self, revision: str) -> str:
        if revision and not self.known:
            raise Unreachable("404")
        return self.known if revision else BASE


@pytest.mark.parametrize(("known", "compared"), [(STRICT, 60), ("", 0)])
def test_the_revision_that_was_active_then_is_replayed(
    warehouse_client: Client, tenant: str, known: str, compared: int
) -> None:
    store(warehouse_client, tenant, judged_rows(tenant, STRICT, steady(GREEDY, every_s=1, until_s=60)))
    desk = Remembering(STRICT)
    desk.known = known
    worker(desk, warehouse_client, tenant).turn()
    assert desk.report is not None
    assert desk.report.disagreement.compared == compared
    assert desk.report.disagreement.differing == 0
