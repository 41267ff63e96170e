import numpy as np
import pytest

from analytics.errors import deviance_z
from tests.analytics.seeing import run
from tests.analytics.traffic import START, failing, quiet


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(4))
def test_an_upstream_that_fails_is_found_within_three_seconds(share: float, seed: int) -> None:
    since = 36.0 + seed * 0.23
    (finding,) = run(failing(quiet(seed, seconds=50), since, 50.0, share=share))
    assert (finding.kind, finding.key) == ("error-burst", "upstream:shop")
    assert finding.window_end - START - since <= 3.0
    assert finding.route in ("orders", "products", "search")


def test_one_failing_route_is_named_and_not_its_upstream() -> None:
    requests = [
        each._replace(status=500) if each.at >= 36 and each.route == "search" else each
        for each in quiet(seconds=50)
    ]
    (finding,) = run(requests)
    assert (finding.key, finding.route) == ("route:search", "search")


@pytest.mark.parametrize("seed", range(6))
def test_failures_that_are_usual_are_no_burst(seed: int) -> None:
    assert not run(failing(quiet(seed, seconds=120), 0.0, 120.0, share=0.05))


def test_a_few_failures_are_no_burst() -> None:
    assert not run(failing(quiet(seconds=50, rate=4.0), 40.0, 41.5, share=0.5))


def test_a_quiet_route_is_judged_by_its_own_windows() -> None:
    requests = quiet(seconds=1_500, rate=1.0, identities=20)
    (finding,) = run(failing(requests, 1_000.0, 1_300.0, share=1.0))
    assert finding.kind == "error-burst"
    assert finding.window_end - START - 1_000 < 120


def test_it_closes_when_it_is_over() -> None:
    (finding,) = run(failing(quiet(seconds=100), 40.0, 50.0))
    assert 60 <= finding.closed_at - START <= 75


@pytest.mark.parametrize("seed", range(3))
def test_a_failure_long_after_a_burst_is_no_part_of_it(seed: int) -> None:
    requests = failing(quiet(seed, seconds=100, rate=6.0), 50.0, 60.0, share=0.5)
    late = next(at for at, each in enumerate(requests) if each.at >= 85 and each.route == "search")
    requests[late] = requests[late]._replace(status=500)
    (finding,) = run(requests)
    assert finding.onset - START < 60


def test_deviance_grows_with_numbers_and_is_negative_below_the_usual() -> None:
    few = deviance_z(np.array([[3.0]]), np.array([[10.0]]), np.array([0.01]))
    many = deviance_z(np.array([[30.0]]), np.array([[100.0]]), np.array([0.01]))
    assert 0 < few[0, 0] < many[0, 0]
    assert deviance_z(np.array([[0.0]]), np.array([[100.0]]), np.array([0.1]))[0, 0] < 0
    assert deviance_z(np.array([[0.0]]), np.array([[0.0]]), np.array([0.1]))[0, 0] == 0
