from analytics.demand import Demand


def test_the_greatest_sums_are_kept_for_ten_minutes() -> None:
    demand = Demand()
    demand.learn(600, {"*": 50})
    demand.learn(601, {"*": 30})
    assert demand.greatest("*") == (50, 80, 80)
    demand.learn(1_400, {"*": 4})
    assert demand.greatest("*") == (4, 4, 4)


def test_an_unknown_scope_was_asked_nothing() -> None:
    assert Demand().greatest("limit:x") == (0, 0, 0)
