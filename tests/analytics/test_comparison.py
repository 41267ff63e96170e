"""How a comparison is set up; what it finds is tested in test_replaying.py."""

from analytics.comparison import LEAST_WARM_S, MOST_WARM_S, Comparison, Situation
from kernel.replays import ReplayRequest
from tests.analytics.replays import SINCE, policy_text, snapshot_of


def comparison(*limits: str, curve_of: tuple[str, ...] = (), chosen_until: float = 0.0) -> Comparison:
    text = policy_text(*limits)
    request = ReplayRequest(text, SINCE, SINCE + 100, curve_of=curve_of)
    base = policy_text()
    situation = Situation(base, chosen_until=chosen_until)
    return Comparison(request, situation, base=snapshot_of(base), candidate=snapshot_of(text))


def test_limiters_are_warmed_for_as_long_as_the_slowest_bucket_refills() -> None:
    assert comparison("{name: one, rate: 1/s, burst: 2}").warmed_from == SINCE - LEAST_WARM_S
    assert comparison("{name: one, rate: 1/s, burst: 500}").warmed_from == SINCE - 500
    assert comparison("{name: one, rate: 1/d, burst: 5}").warmed_from == SINCE - MOST_WARM_S


def test_harm_is_bounded_on_what_came_after_the_choice() -> None:
    assert comparison().chosen_until == SINCE + 50
    assert comparison(chosen_until=SINCE + 90).chosen_until == SINCE + 90


def test_curves_are_made_for_new_limits_or_those_asked_for() -> None:
    limits = ["{name: one, rate: 1/s, burst: 2}", "{name: two, rate: 1/s, burst: 2}"]
    device = "{name: device, key: {header: X-Device}, rate: 1/s, burst: 2}"
    every = {each.judged.rule.name: each.curve for each in comparison(*limits, device).tally.rules}
    assert every["one"] is not None
    assert every["two"] is not None
    assert every["device"] is None
    only = comparison(*limits, curve_of=("two",)).tally.rules
    assert [each.curve is not None for each in only] == [False, True]


def test_where_requests_begin_late_what_there_is_is_parted_in_the_middle() -> None:
    late = comparison()
    late.begins(SINCE + 60)
    assert late.chosen_until == SINCE + 80
    told = comparison(chosen_until=SINCE + 90)
    told.begins(SINCE + 60)
    assert told.chosen_until == SINCE + 90


def test_a_limit_is_chosen_among_more_values_where_that_is_asked() -> None:
    text = policy_text("{name: one, rate: 1/s, burst: 8}")
    found = []
    for chooses in (False, True):
        situation = Situation(policy_text(), chooses=chooses)
        request = ReplayRequest(text, SINCE, SINCE + 100)
        made = Comparison(request, situation, base=snapshot_of(situation.base), candidate=snapshot_of(text))
        (curve,) = (each.curve for each in made.tally.rules)
        assert curve is not None
        assert curve.is_chosen_from is chooses
        found.append(len(curve.quotas))
        assert len(curve.points(9)) == found[0]
    assert found[1] > found[0]
