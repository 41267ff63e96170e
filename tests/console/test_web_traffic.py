"""Sums of the overview, on histories written by hand."""

import doctest
import math

from console.web import traffic
from console.web.traffic import UNMATCHED, quantile_ms, to_traffic
from warehouse.readers import History


def history(*rows: tuple[int, str, int, int, int, int, dict[int, int]]) -> History:
    """Rows of (second, route, requests, 5xx, 4xx, refused, durations)."""
    began, route, requests, errors_5xx, errors_4xx, refused, durations = (
        zip(*rows, strict=True) if rows else ((),) * 7
    )
    nothing = [0] * len(began)
    return History(
        began=began,
        route=route,
        requests=requests,
        errors_5xx=errors_5xx,
        errors_4xx=errors_4xx,
        refused=refused,
        upstream_errors=nothing,
        bytes_out=nothing,
        duration_sum_us=nothing,
        upstream_sum_us=nothing,
        durations=durations,
        upstream_times=[{} for _ in began],
    )


def test_classes_do_not_overlap_and_sum_up_to_the_requests() -> None:
    seen = to_traffic(history((1_001, "a", 100, 10, 30, 20, {80: 100})), {}, 1_000.0, 1_010.0)
    first = {line.name: line.values[0] * 5 for line in seen.rates.lines}
    assert first == {"served": 60, "client error": 10, "refused": 20, "server error": 10, "not routed": 0}
    assert all(line.values[1] == 0 for line in seen.rates.lines)


def test_refusals_by_503_are_not_taken_from_client_errors_twice() -> None:
    seen = to_traffic(history((1_001, "a", 10, 10, 0, 10, {})), {}, 1_000.0, 1_005.0)
    assert {line.name: line.values[0] * 5 for line in seen.rates.lines} == {
        "served": 0,
        "client error": 0,
        "refused": 10,
        "server error": 10,
        "not routed": 0,
    }


def test_routes_come_busiest_first_and_the_unmatched_have_a_name() -> None:
    seen = to_traffic(
        history((1_001, "a", 10, 0, 0, 0, {80: 10}), (1_002, "", 30, 0, 30, 0, {96: 30})),
        {},
        1_000.0,
        1_010.0,
    )
    assert [(each.route, each.requests_per_second) for each in seen.routes] == [
        (UNMATCHED, 30 / 9),
        ("a", 10 / 9),
    ]
    assert seen.whole.requests_per_second == 40 / 9
    assert seen.whole.p50_ms == seen.routes[0].p50_ms > seen.routes[1].p50_ms


def test_what_no_route_takes_is_apart_from_what_the_policy_refuses() -> None:
    rows = history((1_001, "", 10, 0, 10, 10, {}), (1_001, "a", 10, 0, 5, 5, {}))
    seen = to_traffic(rows, {1_001: 8}, 1_000.0, 1_005.0)
    assert {each.route: (each.share_refused, each.share_unrouted) for each in seen.routes} == {
        UNMATCHED: (0.2, 0.8),
        "a": (0.5, 0.0),
    }
    first = {line.name: line.values[0] * 5 for line in seen.rates.lines}
    assert (first["served"], first["refused"], first["not routed"]) == (5, 7, 8)


def test_figures_are_of_the_last_minute_or_since_the_first_request() -> None:
    usual: list[tuple[int, str, int, int, int, int, dict[int, int]]]
    usual = [(second, "a", 10, 0, 0, 0, {}) for second in range(1_000, 1_300)]
    steady = to_traffic(history(*usual), {}, 1_000.0, 1_300.0)
    assert (steady.figures_since, steady.is_begun) == (1_240.0, False)
    assert steady.whole.requests_per_second == 10
    begun = to_traffic(history(*usual[-20:]), {}, 1_000.0, 1_300.0)
    assert (begun.figures_since, begun.is_begun) == (1_280.0, True)
    assert begun.whole.requests_per_second == 10


def test_no_traffic_is_zeros_and_no_latency() -> None:
    seen = to_traffic(history(), {}, 1_000.0, 1_010.0)
    assert seen.routes == ()
    assert seen.whole.requests_per_second == 0
    assert math.isnan(seen.latency.lines[0].values[0])


def test_a_quantile_is_never_below_the_duration_it_stands_for() -> None:
    for duration_us in (1, 1_500, 60_000_000):
        bin_number = math.floor(8 * math.log2(duration_us))
        assert duration_us / 1_000 <= quantile_ms({bin_number: 1}, 0.99) <= duration_us / 1_000 * 1.1


def test_the_examples_hold() -> None:
    assert doctest.testmod(traffic).failed == 0
