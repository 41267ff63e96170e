import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.adaptive import (
    DWELL_S,
    MOST_DOWN,
    MOST_UP,
    OVERLAY_TTL_S,
    AdaptiveLimits,
    Situation,
    burst_of,
    covers_of,
    moved,
    scope_of,
    target_of,
    why,
    why_frozen,
    why_own,
)
from analytics.demand import Usual
from kernel.findings import Finding, Observation
from kernel.policy import Adaptive, HeaderKey
from tests.analytics.policies import PER_CLIENT, policy

NOW = 1_790_000_000.0
USUAL = Usual(500, 300, (20.0, 40.0, 90.0), (15.0, 30.0, 60.0), (80, 200, 600))


def burst(identity: str = "ip:203.0.113.9", *, route: str = "products", detector: str = "D1") -> Finding:
    return Finding(
        id="f" + identity[-4:],
        tenant="default",
        detector=detector,
        kind="client-burst",
        key=identity,
        route=route,
        identity=identity,
        severity="critical",
        onset=NOW,
        window_end=NOW + 1,
        found_at=NOW + 2,
        closed_at=0.0,
        score=40.0,
        confidence=0.9,
        summary="",
        evidence=(Observation("rate_1s", 83.0, 14.0, "requests/s"),),
    )


def situation(now: float = NOW, *findings: Finding, **changed: object) -> Situation:
    usual = Situation(now, policy(), findings, lambda _: USUAL, lambda _: USUAL, 0.0, paused=False)
    return msgspec.structs.replace(usual, **changed)


def test_a_burst_gets_a_value_of_its_own_at_once() -> None:
    limits = AdaptiveLimits()
    assert limits.step(situation(NOW, burst()))
    (overlay,) = limits.overlays
    assert (overlay.limit, overlay.identity, overlay.finding) == ("per-client", "ip:203.0.113.9", burst().id)
    assert overlay.rate == 6.0  # the peers' greatest ten seconds, as their fitted tail lies beyond it
    assert overlay.burst == 15
    assert overlay.expires_at == NOW + OVERLAY_TTL_S
    assert overlay.reason == (
        "client burst: ip:203.0.113.9. It may send 6/s: what 99.9 % of 500 peers stay below over 10 s "
        "on all routes together"
    )


def test_it_is_never_below_the_floor() -> None:
    floor = msgspec.structs.replace(PER_CLIENT, adaptive=Adaptive(floor=9.0, ceiling=400.0))
    limits = AdaptiveLimits()
    limits.step(situation(NOW, burst(), policy=policy(floor)))
    assert limits.overlays[0].rate == 9.0


def test_it_is_renewed_while_the_finding_lasts_and_ends_after_it() -> None:
    limits = AdaptiveLimits()
    limits.step(situation(NOW, burst()))
    later = NOW + OVERLAY_TTL_S - 60
    nothing = USUAL._replace(learnt_s=0)
    assert limits.step(situation(later, burst(), expected_of=lambda _: nothing))
    assert limits.overlays[0].expires_at == later + OVERLAY_TTL_S
    limits.step(situation(later + OVERLAY_TTL_S + 1, expected_of=lambda _: nothing))
    assert limits.overlays == ()


@pytest.mark.parametrize("entry", ["ip:203.0.113.9", "203.0.113.0/24", "203.0.113.9"])
def test_who_is_on_the_allow_list_is_left_alone(entry: str) -> None:
    limits = AdaptiveLimits()
    limits.step(situation(NOW, burst(), policy=policy(allow_list=(entry,))))
    assert limits.overlays == ()


def test_only_limits_that_meet_the_identity_on_its_route_are_set() -> None:
    orders = msgspec.structs.replace(PER_CLIENT, name="orders-only", routes=("orders",))
    gold = msgspec.structs.replace(PER_CLIENT, name="gold-only", plans=("gold",))
    header = msgspec.structs.replace(PER_CLIENT, name="by-header", key=HeaderKey(header="x-a"))
    fixed = msgspec.structs.replace(PER_CLIENT, name="fixed", adaptive=None)
    some = policy(orders, gold, header, fixed)
    limits = AdaptiveLimits()
    limits.step(situation(NOW, burst(), policy=some))
    assert not limits.overlays
    limits.step(situation(NOW, burst("consumer:partner", route="orders"), policy=some))
    assert {each.limit for each in limits.overlays} == {"orders-only", "gold-only"}


def test_the_reason_leads_from_the_demand_to_the_value() -> None:
    limits = AdaptiveLimits()
    limits.step(situation(NOW))
    limits.step(situation(NOW + DWELL_S))
    assert limits.overlays[0].reason == (
        "everybody may send 80/s, on its way down by at most 20 % a minute towards 13.5/s: "
        "1.5 times the 9 requests/s over 10 s that 99.9 % of 500 clients never pass"
    )


@pytest.mark.parametrize(
    ("rate", "usual_rate", "was", "starts"),
    [
        (
            110.0,
            100.0,
            100.0,
            "everybody may send 110/s, on its way up by at most 10 % a minute towards 150/s:",
        ),
        (
            13.9123,
            9.27489,
            15.0,
            "everybody may send 13.9/s (was 15/s): 1.5 times the 9.27 requests/s over 10 s",
        ),
        (
            2.0,
            0.5,
            2.2,
            "everybody may send 2/s (was 2.2/s), the policy's floor: 1.5 times the 30 requests/min",
        ),
        (
            110.0,
            600.0,
            100.0,
            "everybody may send 110/s, on its way up by at most 10 % a minute towards 400/s, ",
        ),
    ],
)
def test_the_reason_says_what_keeps_the_value_from_its_aim(
    rate: float, usual_rate: float, was: float, starts: str
) -> None:
    usual = USUAL._replace(fitted=(0.0, 0.0, usual_rate * 10), greatest=(0.0, 0.0, usual_rate * 10))
    reason = why(PER_CLIENT, rate, usual, was=was)
    assert reason.startswith(starts)
    assert reason.endswith("that the busiest of 500 clients asked for")
    assert ("the policy's" in reason) == (usual_rate < 1 or usual_rate > 300)


def test_a_limit_for_all_says_that_they_share_it() -> None:
    shared = msgspec.structs.replace(PER_CLIENT, key="global")
    assert why(shared, 90.0, USUAL, was=100.0).startswith(
        "all together may send 90/s (was 100/s): 1.5 times the 60"
    )


def test_an_own_value_says_what_keeps_it_from_what_the_peers_do() -> None:
    assert why_own(3.0, 1.5, USUAL, "on route a") == (
        "It may send 3/s, the policy's floor: "
        "what 99.9 % of 500 peers stay below over 10 s on route a is 1.5/s"
    )


def test_other_findings_set_nothing() -> None:
    limits = AdaptiveLimits()
    limits.step(situation(NOW, burst(detector="D16")))
    assert limits.overlays == ()


@pytest.mark.parametrize("changed", [{"loss": 0.02}, {"paused": True}])
def test_nothing_is_set_while_frozen(changed: dict[str, object]) -> None:
    limits = AdaptiveLimits()
    assert not limits.step(situation(NOW, burst(), **changed))
    assert why_frozen(situation(NOW, burst(), **changed))


def test_a_collapsed_identity_pauses_automation() -> None:
    limits = AdaptiveLimits()
    assert not limits.step(situation(NOW, burst(), burst("ip:10.0.0.1", detector="G1")))


def test_everybodys_value_moves_down_slowly_and_rests_between_moves() -> None:
    limits = AdaptiveLimits()
    values = []
    for second in range(0, 400, 10):
        limits.step(situation(NOW + second))
        values.append(limits.overlays[0].rate if limits.overlays else 100.0)
    assert values[:6] == [100.0] * 6
    assert values[6] == 80.0
    assert values[12] == 64.0
    assert min(values) >= 13.5


def test_everybodys_value_goes_on_after_it_was_frozen() -> None:
    limits = AdaptiveLimits()
    limits.step(situation(NOW))
    limits.step(situation(NOW + DWELL_S))
    assert limits.overlays[0].rate == 80.0
    limits.step(situation(NOW + DWELL_S + OVERLAY_TTL_S + 1, loss=0.5))
    assert not limits.overlays
    limits.step(situation(NOW + DWELL_S + OVERLAY_TTL_S + 2))
    assert limits.overlays[0].rate == 64.0


def test_what_is_in_force_is_taken_up_after_a_restart() -> None:
    first, again = AdaptiveLimits(), AdaptiveLimits()
    first.step(situation(NOW, burst()))
    first.step(situation(NOW + DWELL_S, burst()))
    again.restore(first.overlays, NOW + DWELL_S)
    assert not again.step(situation(NOW + DWELL_S + 1, burst()))
    assert again.overlays == first.overlays


def test_what_the_policy_no_longer_allows_is_dropped() -> None:
    limits = AdaptiveLimits()
    limits.step(situation(NOW, burst()))
    narrow = msgspec.structs.replace(PER_CLIENT, adaptive=Adaptive(floor=50.0, ceiling=400.0))
    limits.step(situation(NOW + 1, policy=policy(narrow)))
    assert limits.overlays == ()


def test_demand_of_other_keys_is_what_all_ask_together() -> None:
    shared = msgspec.structs.replace(PER_CLIENT, key="global")
    assert target_of(shared, USUAL) == pytest.approx(90.0)
    assert target_of(PER_CLIENT, USUAL) == pytest.approx(13.5)
    assert target_of(PER_CLIENT, USUAL._replace(identities=3)) is None
    assert target_of(PER_CLIENT, USUAL._replace(learnt_s=20)) is None


def test_a_limit_of_some_routes_has_a_scope_of_its_own() -> None:
    some = msgspec.structs.replace(PER_CLIENT, name="some", routes=("orders",))
    assert scope_of(PER_CLIENT) == "*"
    assert covers_of(policy(PER_CLIENT, some)) == {"limit:some": frozenset({"orders"})}


@given(st.floats(1, 1e4), st.floats(0, 1e5))
def test_a_move_is_small_and_within_the_range(rate: float, target: float) -> None:
    bounds = Adaptive(floor=1.0, ceiling=1e4)
    after = moved(rate, target, bounds)
    assert rate * (1 - MOST_DOWN) - 1e-3 <= after <= rate * (1 + MOST_UP) + 1e-3
    assert 1.0 <= after <= 1e4


@given(st.floats(0.01, 1e4), st.floats(0, 1e4))
def test_a_burst_admits_somebody_and_no_more_than_ten_seconds(rate: float, peak: float) -> None:
    assert 1 <= burst_of(rate, peak) <= max(1, 10 * rate + 1)


def test_everybodys_value_follows_the_hour_of_the_week_and_an_abusers_his_peers_of_now() -> None:
    limits, rush = AdaptiveLimits(), USUAL._replace(fitted=(80.0, 200.0, 2_000.0))
    limits.step(situation(NOW, burst(), expected_of=lambda _: rush))
    limits.step(situation(NOW + DWELL_S, burst(), expected_of=lambda _: rush))
    everybody, own = limits.overlays
    assert everybody.identity == ""
    assert everybody.rate == pytest.approx(110.0)
    assert own.rate == 6.0
