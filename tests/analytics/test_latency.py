import pytest

from analytics.engine import Engine
from analytics.windows import Hour
from tests.analytics.seeing import run, since_start
from tests.analytics.traffic import START, Request, quiet, slowed, windows_of


@pytest.mark.parametrize("factor", [3.0, 10.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_slow_upstream_is_found_within_three_seconds(factor: float, seed: int) -> None:
    since = 36.0 + seed * 0.21
    (finding,) = run(slowed(quiet(seed, seconds=50), since, 50.0, factor=factor))
    assert finding.kind == "latency-regression"
    assert finding.key in ("upstream:shop", "route:orders", "route:products", "route:search")
    assert finding.window_end - START - since <= 3.0
    assert finding.evidence[0].observed > 1.5 * finding.evidence[0].expected


def test_one_slow_route_is_named() -> None:
    requests = [
        each._replace(upstream_us=each.upstream_us * 6) if each.at >= 36 and each.route == "search" else each
        for each in quiet(seconds=50)
    ]
    (finding,) = run(requests)
    assert (finding.key, finding.route) == ("route:search", "search")


def test_a_slow_gateway_is_told_from_a_slow_upstream() -> None:
    requests = [
        each._replace(own_us=each.own_us + 80_000) if each.at >= 36 else each for each in quiet(seconds=50)
    ]
    (finding,) = run(requests)
    assert finding.key == "gateway"
    assert finding.evidence[0].name == "gateway_latency"


def test_a_machine_on_which_everything_is_slow_is_one_finding_about_the_gateway() -> None:
    requests = [
        each._replace(own_us=each.own_us + 4_000, upstream_us=each.upstream_us * 4) if each.at >= 36 else each
        for each in quiet(seconds=60)
    ]
    (finding,) = run(requests)
    assert (finding.key, finding.route) == ("gateway", "")


def test_what_a_slow_machine_does_to_upstreams_is_not_learnt() -> None:
    def level(requests: list[Request]) -> float:
        engine, last = Engine("t"), 0.0
        for window in windows_of(requests):
            for each in engine.advance([window], window.second + 1, 0.0):
                last = each.evidence[0].expected if each.key == "upstream:shop" else last
        return last

    slow = [
        each._replace(own_us=each.own_us + 4_000, upstream_us=each.upstream_us * 4)
        if 36 <= each.at < 70
        else each
        for each in quiet(seconds=140)
    ]
    after = level(slowed(slow, 120.0, 140.0))
    assert after == pytest.approx(level(slowed(quiet(seconds=140), 120.0, 140.0)), rel=0.1)


@pytest.mark.parametrize("factor", [1.3, 20.0])
def test_a_slow_down_that_ended_does_not_begin_again_with_its_old_onset(factor: float) -> None:
    twice = slowed(slowed(quiet(seconds=110), 36.0, 46.0, factor=4.0), 66.0, 76.0, factor=factor)
    onsets = [since_start(each.onset) for each in run(twice)]
    expected = [36.0] if factor < 1.5 else [36.0, 66.0]
    assert onsets == pytest.approx(expected, abs=1.0)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_slow_no_more_is_closed_within_twenty_seconds(seed: int) -> None:
    (finding,) = run(slowed(quiet(seed, seconds=150), 36.0, 46.0))
    assert 46 < since_start(finding.closed_at) <= 67


def test_the_subject_of_a_finding_stays_what_it_was() -> None:
    engine, told = Engine("t"), []
    for window in windows_of(slowed(quiet(seconds=70), 36.0, 66.0)):
        told += engine.advance([window], window.second + 1, 0.0)
    assert len({each.id for each in told}) == 1
    assert len({each.summary.split(" takes ")[0] for each in told}) == 1
    usual = {each.evidence[0].expected for each in told}
    assert max(usual) < 1.1 * min(usual)
    assert all(each.evidence[0].observed > 1.4 * each.evidence[0].expected for each in told)


def test_a_slow_down_is_critical_when_it_is_great_and_lasts() -> None:
    def severity(until: float) -> str:
        (finding,) = run(slowed(quiet(seconds=80), 36.0, until, factor=8.0))
        return finding.severity

    assert (severity(40.0), severity(60.0)) == ("warning", "critical")


def test_milliseconds_of_a_fast_route_are_no_regression() -> None:
    fast = [each._replace(upstream_us=each.upstream_us // 6) for each in quiet(seconds=70)]
    assert not run(slowed(fast, 36.0, 60.0, factor=2.5))


@pytest.mark.parametrize("seed", range(3))
def test_a_stall_of_a_second_is_no_regression(seed: int) -> None:
    assert not run(slowed(quiet(seed, seconds=60), 40.0, 41.0, factor=20.0))


def test_microseconds_more_are_no_regression() -> None:
    requests = [each._replace(own_us=each.own_us * (3 if each.at >= 36 else 1)) for each in quiet(seconds=50)]
    assert not run(requests)


@pytest.mark.parametrize("seed", range(6))
def test_a_usual_day_raises_nothing(seed: int) -> None:
    assert not run(quiet(seed, seconds=150))


def test_more_traffic_on_a_slow_route_is_no_regression_of_the_upstream() -> None:
    requests = [
        each._replace(route="search", upstream_us=25_000)
        if each.at >= 36 and each.route == "products"
        else each
        for each in quiet(seconds=60)
    ]
    assert not [each for each in run(requests) if each.key.startswith("upstream:")]


def test_requests_without_an_upstream_time_are_left_out() -> None:
    assert not run([each._replace(upstream_us=0) for each in quiet(seconds=40)])


def test_the_season_of_past_days_is_taken_up_when_a_route_is_met() -> None:
    engine = Engine("t")
    hours = [
        Hour(START // 3_600 * 3_600 - 86_400 * 3 + hour * 3_600, 9_000.0 if hour % 24 < 12 else 900.0)
        for hour in range(72)
    ]
    engine.remember({"orders": hours})
    windows = windows_of(quiet(seconds=40))
    assert not engine.advance(windows, windows[-1].second + 1, 0.0)
    assert engine.sizes()["D17"] == 3
