"""lab.demo: the whole plan is in order, and an act's onset is its first anomalous request."""

import itertools
import time

from lab.demo import Scene, address_of, happened_of, whole_plan
from lab.population import draw_population
from lab.record import ATTACK_LABEL, GREEDY_LABEL, LEGITIMATE, Sent
from lab.scenario import draw_scenario
from lab.traffic import traffic


def scene() -> Scene:
    people = draw_population(4)
    return Scene(draw_scenario(4, people, traffic(people, 4)), people, {}, time.time)


def test_the_whole_plan_is_in_order_and_ends_with_the_scenario() -> None:
    one = scene()
    plan = list(whole_plan(one))
    assert all(before.at <= after.at for before, after in itertools.pairwise(plan))
    assert plan[-1].at < one.scenario.ends
    act = one.scenario.acts[0]
    greedy = [
        each for each in plan if each.who == one.scenario.greedy.number and act.starts <= each.at < act.ends
    ]
    assert len(greedy) > act.rate * 10


def test_the_onset_of_the_greedy_client_is_its_first_request() -> None:
    scenario = scene().scenario
    act = scenario.acts[0]
    sent = [
        Sent(10.2, "ip:g", GREEDY_LABEL, "products", 200, 1.0),
        Sent(10.1, "ip:g", GREEDY_LABEL, "products", 200, 1.0),
        Sent(10.0, "ip:a", LEGITIMATE, "products", 200, 1.0),
    ]
    happened = happened_of(act, (9.9, 22.0), sent, scenario)
    assert (happened.onset, happened.ended) == (10.1, 22.0)
    assert happened.identities == {scenario.greedy.identity}


def test_the_onset_of_a_fault_is_the_first_request_after_it_was_switched_on() -> None:
    scenario = scene().scenario
    act = scenario.acts[1]
    sent = [Sent(at, "ip:a", LEGITIMATE, "products", 200, 1.0) for at in (9.8, 10.3, 10.1)]
    assert happened_of(act, (10.0, 20.0), sent, scenario).onset == 10.1


def test_the_onset_of_an_attack_is_its_own_first_request() -> None:
    scenario = scene().scenario
    stuffing, scan, back = scenario.acts[-3:]
    sent = [Sent(at, "ip:s", ATTACK_LABEL, "login", 401, 1.0) for at in (10.3, 10.1, 30.2, 50.4)]
    first = happened_of(stuffing, (10.0, 20.0), sent, scenario)
    second = happened_of(scan, (30.0, 40.0), sent, scenario)
    third = happened_of(back, (50.0, 58.0), sent, scenario)
    assert (first.onset, second.onset, third.onset) == (10.1, 30.2, 50.4)
    assert len(first.identities) == 200
    assert third.identities == first.identities
    assert second.identities == {scenario.attackers.scanner.identity}


def test_an_address_is_read_off_a_url() -> None:
    assert tuple(address_of("http://127.0.0.1:8080")) == ("127.0.0.1", 8080)
