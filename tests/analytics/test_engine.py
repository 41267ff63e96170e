import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.adaptive import AdaptiveLimits, Situation
from analytics.engine import Engine
from tests.analytics.policies import policy
from tests.analytics.seeing import run
from tests.analytics.traffic import START, Request, failing, greedy, quiet, slowed, windows_of

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


def resumed(seed: int, gap: int, *, seconds: float = 60.0) -> list[Request]:
    """Two minutes of traffic, nothing for a while, and then the same clients again."""
    before, after = (
        quiet(number, seconds=length, rate=150.0, identities=300)
        for number, length in ((seed, 120.0), (seed + 100, seconds))
    )
    return [*before, *(each._replace(at=each.at + 120.0 + gap) for each in after)]


@pytest.mark.parametrize("gap", [60, 900])
@pytest.mark.parametrize("seed", range(1, 5))
def test_traffic_that_is_resumed_after_a_gap_is_nobodys_burst(seed: int, gap: int) -> None:
    assert run(resumed(seed, gap)) == []


@pytest.mark.parametrize("seed", range(1, 4))
def test_nobody_is_limited_when_traffic_is_resumed(seed: int) -> None:
    engine, limits = Engine("t"), AdaptiveLimits()
    for window in windows_of(resumed(seed, 900, seconds=40.0)):
        engine.advance([window], window.second + 1, 0.0)
        limits.step(
            Situation(
                now=float(window.second),
                policy=policy(),
                findings=engine.tracker.open,
                usual_of=engine.usual,
                expected_of=engine.expected,
                loss=0.0,
                paused=False,
            )
        )
        if window.second >= START + 1_020:
            assert not any(overlay.identity for overlay in limits.overlays)
            assert all(overlay.created_at < START + 120 for overlay in limits.overlays)


@pytest.mark.parametrize("gap", [60, 900])
def test_a_greedy_client_is_found_soon_after_a_gap(gap: int) -> None:
    began = 120.0 + gap + 21.0
    (found,) = run(sorted([*resumed(1, gap), *greedy(began, began + 8.0)]))
    assert found.identity == "ip:203.0.113.9"
    assert found.window_end - START - began <= 3.0


def test_a_greedy_client_of_a_quiet_tenant_is_found_though_windows_are_rare() -> None:
    rare = [
        Request(5.0 * second + who / 40, f"ip:10.9.0.{who}", "orders", 200, 10_000, 400)
        for second in range(100)
        for who in range(40)
    ]
    (found,) = run(sorted([*rare, *greedy(510.0, 520.0)]))
    assert found.window_end - START - 510.0 <= 3.0


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


def test_peers_are_told_of_scopes_that_somebody_used() -> None:
    engine = Engine("t")
    windows = windows_of(quiet(seconds=40))
    engine.advance(windows, windows[-1].second + 1, 0.0)
    everywhere, orders = engine.peers("*"), engine.peers("orders")
    assert everywhere is not None
    assert orders is not None
    assert 1 <= orders.p50 <= orders.p99 <= orders.greatest <= everywhere.greatest
    assert engine.peers("nowhere") is None
