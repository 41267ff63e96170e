import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engine import Engine
from tests.analytics.seeing import run
from tests.analytics.traffic import failing, greedy, quiet, slowed, windows_of

EVENTFUL = failing(slowed(sorted([*quiet(seconds=100), *greedy(40.0, 48.0)]), 60.0, 68.0), 85.0, 95.0)
ONE_BY_ONE = run(EVENTFUL)


def test_three_incidents_are_three_findings() -> None:
    assert [each.kind for each in ONE_BY_ONE] == ["client-burst", "latency-regression", "error-burst"]
    assert [each.detector for each in ONE_BY_ONE] == ["D1", "D17", "D16"]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_the_ticks_do_not_change_what_is_found(ticks: list[int]) -> None:
    assert run(EVENTFUL, ticks=ticks) == ONE_BY_ONE


@pytest.mark.parametrize("cut", [41, 43, 62, 88])
def test_a_restart_finds_the_same(cut: int) -> None:
    windows = windows_of(EVENTFUL)
    start, stop = windows[0].second, windows[-1].second
    first, told = Engine("t"), {}
    for second in range(start, start + cut):
        for finding in first.advance([each for each in windows if each.second == second], second + 1, 0.0):
            told[finding.id] = finding
    again = Engine("t")
    again.tracker.restore(told.values())
    for second in range(start, stop + 60):
        for finding in again.advance([each for each in windows if each.second == second], second + 1, 0.0):
            told[finding.id] = finding
    assert sorted(told.values(), key=lambda each: (each.onset, each.id)) == ONE_BY_ONE


def test_a_window_that_comes_again_is_not_judged_again() -> None:
    engine = Engine("t")
    windows = windows_of(quiet(seconds=30))
    engine.advance(windows, windows[-1].second + 1, 0.0)
    sizes = dict(engine.sizes())
    engine.advance(windows, windows[-1].second + 1, 0.0)
    assert engine.sizes() == sizes


def test_what_is_usual_leaves_abusers_out() -> None:
    engine = Engine("t")
    windows = windows_of(sorted([*quiet(seconds=60), *greedy(40.0, 60.0)]))
    engine.advance(windows, windows[-1].second + 1, 0.0)
    usual = engine.usual("*")
    assert usual.identities > 50
    assert usual.greatest[0] < 40
    assert usual.together[0] < 150


def test_late_rows_still_reach_the_history() -> None:
    engine = Engine("t")
    windows = windows_of(quiet(seconds=40))
    engine.advance(windows, windows[-1].second + 1, 0.0)
    before = engine.usual("*").identities
    late = windows_of(greedy(20.0, 21.0, rate=9.0, identity="ip:198.51.100.1"))
    engine.learn_late(late)
    assert engine.usual("*").identities == before + 1


def test_the_scopes_of_limits_are_everywhere_and_their_routes() -> None:
    engine = Engine("t")
    assert list(engine.limited) == ["*"]
    engine.scopes.cover({"limit:slow": frozenset({"orders"})})
    assert list(engine.limited) == ["*", "limit:slow"]
    assert engine.expected("limit:slow") == engine.usual("limit:slow")
