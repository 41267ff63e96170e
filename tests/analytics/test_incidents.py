import numpy as np

from analytics.detector import Mask
from analytics.incidents import is_masked, rest_of, whole_upstreams
from analytics.series import Rows


def names() -> Rows:
    rows = Rows()
    for name in ("route:a", "route:b", "upstream:shop"):
        rows.number(name, "shop")
    rows.number("route:c", "other")
    return rows


EVERY = np.arange(4)


def test_a_finding_about_an_upstream_masks_its_routes() -> None:
    mask = Mask(frozenset({("D16", "upstream:shop")}))
    assert is_masked("D16", EVERY, names(), mask).tolist() == [True, True, True, False]
    assert not is_masked("D17", EVERY, names(), mask).any()


def test_a_finding_about_a_route_masks_it_and_the_sum_that_it_is_part_of() -> None:
    mask = Mask(frozenset({("D16", "route:a")}))
    assert is_masked("D16", EVERY, names(), mask).tolist() == [True, False, True, False]


def test_two_ripe_routes_are_the_whole_upstream_and_one_is_not() -> None:
    calm = np.zeros(4, np.bool_)
    two = np.array([True, True, False, False])
    one = np.array([True, False, False, True])
    assert whole_upstreams(names(), EVERY, two, calm) == {"shop"}
    assert whole_upstreams(names(), EVERY, one, calm) == frozenset()


def test_what_is_left_without_the_worst_route_decides_as_well() -> None:
    ripe = np.array([True, False, True, False])
    rest = np.array([False, False, True, False])
    assert whole_upstreams(names(), EVERY, ripe, rest) == {"shop"}


def test_the_rest_of_an_upstream_is_its_sum_less_the_worst_route() -> None:
    part, total = rest_of(names(), EVERY, np.array([9.0, 1.0, 10.0, 2.0]), np.array([20.0, 30.0, 50.0, 4.0]))
    assert (part[2], total[2]) == (1.0, 30.0)
