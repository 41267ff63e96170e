import numpy as np

from analytics.windows import EVERYWHERE, SPANS, Scopes, Slots, Trailing, gathered, under_scopes
from tests.analytics.traffic import Request, windows_of


def one(at: float, identity: str = "a", route: str = "orders") -> Request:
    return Request(at, identity, route, 200, 1_000, 100)


def test_slots_give_each_key_a_row_that_stays() -> None:
    slots = Slots()
    first = slots.claim(np.array([30, 10, 20], np.uint64))
    again = slots.claim(np.array([20, 40, 30], np.uint64))
    assert first.tolist() == [0, 1, 2]
    assert again.tolist() == [2, 3, 0]
    assert slots.find(np.array([10, 99], np.uint64)).tolist() == [1, -1]


def test_slots_are_numbered_anew_when_rows_are_forgotten() -> None:
    slots = Slots()
    slots.claim(np.array([5, 6, 7], np.uint64))
    slots.keep(np.array([True, False, True]))
    assert slots.find(np.array([5, 6, 7], np.uint64)).tolist() == [0, -1, 1]


def test_a_scope_keeps_its_number_and_the_cap_holds() -> None:
    scopes = Scopes()
    assert scopes.number(EVERYWHERE) == 0
    assert scopes.number("orders") == scopes.number("orders") == 1
    for name in range(Scopes.MOST + 10):
        scopes.number(f"r{name}")
    assert scopes.number("one too many") == 0


def test_cells_of_one_identity_are_summed_under_a_scope() -> None:
    (window,) = windows_of([one(0.1), one(0.2, route="search"), one(0.3, "b")])
    cells = gathered(window, np.zeros(3, np.int64), np.arange(3))
    assert sorted(cells.counts.tolist()) == [1, 2]


def test_a_limits_scope_gathers_its_routes_and_no_others() -> None:
    scopes = Scopes()
    scopes.cover({"limit:x": frozenset({"orders", "search"})})
    (window,) = windows_of([one(0.1), one(0.2, route="search"), one(0.3, route="products")])
    cells = under_scopes(window, scopes)
    number = scopes.number("limit:x")
    assert cells.counts[cells.scopes == number].tolist() == [2]


def test_sums_cover_their_spans_also_over_gaps() -> None:
    trailing = Trailing(Scopes())
    asked = [one(0.1), one(0.2), one(1.5), one(4.0), one(13.9)]
    sums = [trailing.enter(window).sums[0].tolist() for window in windows_of(asked)]
    assert SPANS == (1, 3, 10)
    assert sums == [[2, 2, 2], [1, 3, 3], [1, 1, 4], [1, 1, 2]]


def test_narrow_sums_equal_wide_ones_where_there_is_one_route() -> None:
    trailing = Trailing(Scopes())
    for window in windows_of([one(second + part / 5) for second in range(20) for part in range(second % 4)]):
        trail = trailing.enter(window)
        cells, sums, active = trail.narrow(np.sort(trail.wide.hashes))
        assert len(cells.keys) == 1
        assert sums.tolist() == trail.sums.tolist()
        assert active.tolist() == trail.active.tolist()


def test_who_is_silent_is_forgotten() -> None:
    trailing = Trailing(Scopes())
    for minute in range(10):
        for window in windows_of([one(minute * 120, f"ip:{minute}.{who}") for who in range(50)]):
            trailing.enter(window)
    assert len(trailing) <= 100
