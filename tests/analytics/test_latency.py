import pytest

from analytics.engine import Engine
from analytics.windows import Hour
from tests.analytics.seeing import run
from tests.analytics.traffic import START, quiet, slowed, windows_of


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


def test_a_stall_of_a_second_is_no_regression() -> None:
    assert not run(slowed(quiet(seconds=60), 40.0, 41.0, factor=20.0))


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
