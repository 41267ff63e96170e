"""The replay's form of a decision is the proxy's: equal verdicts, equal state, for any policy and rows."""

import msgspec
from hypothesis import given

from analytics.courses import ADMITTED, Course, Judge, Told, run
from analytics.replay_facts import Combination, Side
from kernel.decide import NO_ROUTE, WRONG_METHOD, Facts, LimiterState, Verdicts, decide
from kernel.findings import Overlay
from kernel.limits import TAT_UNSEEN
from kernel.policy import Policy
from kernel.snapshot import Snapshot
from tests.kernel.policies import NOW
from tests.properties.test_decide import ASKED, OVERLAYS, Asked, compiled, policies


def row_by_row(snapshot: Snapshot, asked: Asked) -> tuple[list[Verdicts], LimiterState]:
    """As the proxy judges."""
    state: LimiterState = {}
    now, verdicts = NOW, []
    for facts, gap in asked:
        now += gap
        verdicts.append(decide(facts, snapshot, state, now))
    return verdicts, state


def replayed(judge: Judge, asked: Asked) -> list[Told]:
    """As a replay judges: one course for equal facts, entered anew where something changes."""
    told: list[Told] = []
    now, changes = NOW, sorted(judge.changes)
    judge.enter(now)
    courses: dict[Facts, int] = {}
    made: list[Course] = []
    for facts, gap in asked:
        if any(now < change <= now + gap for change in changes):
            judge.enter(now + gap)
            courses.clear()
        now += gap
        if facts not in courses:
            courses[facts] = len(made)
            made.append(judge.course(facts))
        found = run([made[courses[facts]]], [now])
        told.append(found[0][1] if found else ADMITTED)
    return told


def unrouted(facts: Facts) -> Combination:
    """What telemetry keeps of a request that no route takes."""
    return Combination(
        code=1,
        route="",
        path="",
        host="",
        identity=facts.identity,
        address=facts.client.text,
        consumer="",
        plan="",
        credential_hash=0,
        is_invalid=int(facts.credential == "invalid"),
        is_too_large=0,
        is_wrong_method=int(facts.route == WRONG_METHOD),
        is_answered=0,
        body_bytes=0,
        refused_by="",
        told_then=(),
    )


@given(policies(), OVERLAYS, ASKED)
def test_courses_decide_as_the_kernel_does(policy: Policy, overlays: list[Overlay], asked: Asked) -> None:
    latest = {(each.limit, each.identity): each for each in overlays}  # of two, the later one holds
    overlays = list(latest.values())
    verdicts, state = row_by_row(compiled(policy, overlays), asked)
    judge = Judge(compiled(policy), [msgspec.structs.replace(each, created_at=NOW - 60) for each in overlays])
    told = replayed(judge, asked)
    assert [(each.reason, each.status, each.rule, each.would_refuse) for each in told] == [
        (each.reason, each.status, each.rule, each.would_refuse) for each in verdicts
    ]
    assert judge.state() == {slot: tat for slot, tat in state.items() if tat != TAT_UNSEEN}


@given(policies(), ASKED)
def test_a_whole_run_is_its_requests_one_by_one(policy: Policy, asked: Asked) -> None:
    snapshot = compiled(policy)
    judge, single = Judge(snapshot), Judge(snapshot)
    judge.enter(NOW)
    times, now = [], NOW
    for _, gap in asked:
        now += gap
        times.append(now)
    whole = dict(run([judge.course(facts) for facts, _ in asked], times))
    assert [whole.get(at, ADMITTED) for at in range(len(asked))] == replayed(single, asked)


@given(policies(), ASKED)
def test_every_rule_that_said_no_is_a_hit(policy: Policy, asked: Asked) -> None:
    for verdict in replayed(Judge(compiled(policy)), asked):
        assert set(verdict.would_refuse) <= set(verdict.hits)
        assert not verdict.rule or verdict.rule in verdict.hits


@given(policies(), ASKED)
def test_what_no_route_took_is_judged_from_its_row_as_the_kernel_does(policy: Policy, asked: Asked) -> None:
    snapshot = compiled(policy)
    side = Side(snapshot, policy, ())
    side.judge.enter(NOW)
    for each, _ in asked:
        facts = each if each.route == WRONG_METHOD else msgspec.structs.replace(each, route=NO_ROUTE)
        found = unrouted(facts)
        told = side.course(found, side.facts(found, NOW)).fixed
        verdict = decide(facts, snapshot, {}, NOW)
        assert (told.reason, told.rule, told.would_refuse) == (
            verdict.reason,
            verdict.rule,
            verdict.would_refuse,
        )
