"""lab.scenario: every seed has its own plot, within the ranges that the demo promises."""

import itertools
from collections import Counter

import pytest

from lab import scenario as plot
from lab.population import draw_population
from lab.record import ATTACK_LABEL, GREEDY_LABEL, LEGITIMATE
from lab.scenario import Scenario, attack_plan, draw_scenario, greedy_plan, usual_top_of
from lab.traffic import Planned, traffic


def drawn(seed: int) -> Scenario:
    people = draw_population(seed)
    return draw_scenario(seed, people, traffic(people, seed))


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return [drawn(seed) for seed in range(1, 9)]


def test_the_same_seed_gives_the_same_plot(scenarios: list[Scenario]) -> None:
    assert drawn(1) == scenarios[0]


def test_seeds_differ_in_what_happens(scenarios: list[Scenario]) -> None:
    assert len({(each.greedy_path, each.acts[0].rate) for each in scenarios}) == len(scenarios)
    assert len({each.greedy_path for each in scenarios}) > 1
    assert {each.greedy.kind == "partner" and not each.greedy.key for each in scenarios} == {True, False}


def test_acts_come_in_turn_with_quiet_gaps_within_the_time(scenarios: list[Scenario]) -> None:
    for each in scenarios:
        assert [act.kind for act in each.acts] == [
            "greedy client",
            "slow upstream",
            "error burst",
            "credential stuffing",
            "vulnerability scan",
            "stuffing comes back",
        ]
        assert each.acts[0].starts >= plot.LEARNING_S
        gaps = [after.starts - before.ends for before, after in itertools.pairwise(each.acts)]
        assert min(gaps) >= plot.GAP_S
        assert each.ends <= 128.0  # with start and account within 138 s


def test_attacks_are_within_their_ranges(scenarios: list[Scenario]) -> None:
    for each in scenarios:
        greedy, slow, errors, stuffing, scan, back = each.acts
        assert greedy.rate >= 10.0 * each.usual_top
        assert plot.SLOW_FACTOR[0] <= slow.slow_factor <= plot.SLOW_FACTOR[1]
        assert plot.ERROR_SHARE[0] <= errors.error_share <= plot.ERROR_SHARE[1]
        assert 30.0 <= stuffing.rate <= 60.0
        assert 10.0 <= scan.rate <= 25.0
        assert back.rate == stuffing.rate


def test_the_greedy_client_sends_at_its_rate_while_its_act_lasts(scenarios: list[Scenario]) -> None:
    each = scenarios[0]
    plan = list(greedy_plan(each))
    act = each.acts[0]
    assert plan[0].at == act.starts
    assert plan[-1].at < act.ends
    assert len(plan) == pytest.approx(act.rate * plot.GREEDY_S, rel=0.1)


def test_a_known_identity_is_greedy_only_while_its_act_lasts(scenarios: list[Scenario]) -> None:
    each = scenarios[0]
    name, act = each.greedy.identity, each.acts[0]
    labels = [each.label_of(name, at) for at in (act.starts - 1, act.starts, act.ends - 1, act.ends)]
    assert labels == [LEGITIMATE, GREEDY_LABEL, GREEDY_LABEL, LEGITIMATE]
    assert each.label_of("ip:203.0.113.7", act.starts) == LEGITIMATE


def test_the_usual_top_is_the_busiest_ten_seconds_of_anybody() -> None:
    plan = [
        Planned(at, who, "GET", "/", b"") for at, who in ((0, 1), (1, 1), (9, 1), (11, 1), (12, 2), (35, 2))
    ]
    assert usual_top_of(plan, 30.0) == Counter({1: 3})[1] / 10


def test_a_client_that_is_greedy_is_told_as_new_or_as_seen_before() -> None:
    for seed in range(1, 9):
        people = draw_population(seed)
        one = draw_scenario(seed, people, ())
        is_new = one.greedy.number >= len(people)
        told = one.acts[0].what
        assert told.startswith("a client that is new, " if is_new else "a ")
        assert is_new or " that was here before, " in told


def test_attackers_are_new_and_never_legitimate(scenarios: list[Scenario]) -> None:
    for each in scenarios:
        others = {person.identity for person in draw_population(each.seed)} | {each.greedy.identity}
        assert not others & each.attackers.identities
        labels = {each.label_of(name, at) for name in each.attackers.identities for at in (0.0, 90.0)}
        assert labels == {ATTACK_LABEL}


def test_each_attack_is_sent_in_order_while_its_act_lasts(scenarios: list[Scenario]) -> None:
    each = scenarios[0]
    plan = list(attack_plan(each))
    assert plan == sorted(plan)
    attacks = each.acts[-3:]
    assert all(any(act.starts <= one.at < act.ends for act in attacks) for one in plan)


def test_attackers_are_numbered_after_the_people_and_the_greedy_one(scenarios: list[Scenario]) -> None:
    numbers = [each.number for each in scenarios[0].attackers.everybody]
    first = len(draw_population(scenarios[0].seed)) + 1
    assert numbers == list(range(first, first + len(numbers)))
