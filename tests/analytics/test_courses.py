"""Courses by example; that they decide as the kernel does is a property, see tests/properties."""

from analytics.courses import ADMITTED, NOTHING, Judge, run, without_rules
from kernel.findings import Overlay
from tests.kernel.policies import NOW, facts, snapshot

ONE = "limits: [{name: one, rate: 1/s, burst: 2}]"
ADAPTIVE = "limits: [{name: one, rate: 1/s, burst: 2, adaptive: {floor: 1/s, ceiling: 100/s}}]"


def test_only_what_some_rule_said_no_to_is_told() -> None:
    judge = Judge(snapshot(ONE))
    judge.enter(NOW)
    told = run([judge.course(facts())] * 4, [NOW, NOW, NOW, NOW + 5])
    assert [(at, each.rule, each.status, each.hits) for at, each in told] == [(2, "one", 429, ("one",))]
    assert run([NOTHING], [NOW]) == []
    assert ADMITTED.status == 0


def test_an_overlay_changes_buckets_of_courses_that_are_there() -> None:
    overlay = Overlay("o", "default", "one", "", 50.0, 100, "", "", NOW + 10, NOW + 20)
    judge = Judge(snapshot(ADAPTIVE), [overlay])
    judge.enter(NOW)
    course = judge.course(facts())
    assert len(run([course] * 100, [NOW + 5] * 100)) == 98
    assert {NOW + 10, NOW + 20} <= judge.changes
    assert not {NOW + 10, NOW + 20} & judge.expiries
    judge.enter(NOW + 10)
    assert run([course] * 50, [NOW + 15] * 50) == []
    judge.enter(NOW + 20)
    assert len(run([course] * 100, [NOW + 30] * 100)) == 98


def test_full_buckets_can_be_forgotten() -> None:
    judge = Judge(snapshot(ONE))
    judge.enter(NOW)
    run([judge.course(facts())], [NOW])
    judge.forget(NOW + 0.5)
    assert judge.state() == {("one", "ip:192.0.2.1"): NOW + 1}
    judge.forget(NOW + 5)
    assert judge.state() == {}


def test_rules_can_be_left_out() -> None:
    bare = without_rules(snapshot(ONE), frozenset({"one"}))
    judge = Judge(bare)
    judge.enter(NOW)
    assert run([judge.course(facts())] * 9, [NOW] * 9) == []
