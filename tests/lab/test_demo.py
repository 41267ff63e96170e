"""lab.demo: the whole plan is in order, and an act's onset is its first anomalous request."""

import itertools
import time

from lab.demo import Scene, address_of, happened_of, whole_plan
from lab.population import draw_population
from lab.record import GREEDY_LABEL, LEGITIMATE, Sent
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
    act = scene().scenario.acts[0]
    sent = [
        Sent(10.2, "ip:g", GREEDY_LABEL, "products", 200, 1.0),
        Sent(10.1, "ip:g", GREEDY_LABEL, "products", 200, 1.0),
        Sent(10.0, "ip:a", LEGITIMATE, "products", 200, 1.0),
    ]
    happened = happened_of(act, (9.9, 22.0), sent, "ip:g")
    assert (happened.onset, happened.ended, happened.identity) == (10.1, 22.0, "ip:g")


def test_the_onset_of_a_fault_is_the_first_request_after_it_was_switched_on() -> None:
    act = scene().scenario.acts[1]
    sent = [Sent(at, "ip:a", LEGITIMATE, "products", 200, 1.0) for at in (9.8, 10.3, 10.1)]
    assert happened_of(act, (10.0, 20.0), sent, "ip:g").onset == 10.1


def test_an_address_is_read_off_a_url() -> None:
    assert tuple(address_of("http://127.0.0.1:8080")) == ("127.0.0.1", 8080)
