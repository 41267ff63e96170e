import numpy as np

from analytics.floods import distinct
from kernel.findings import Finding
from tests.analytics.seeing import run, since_start
from tests.analytics.traffic import Request, flooding, greedy, logging_in, quiet, stuffing


def found(requests: list[Request], *, seconds: float = 80.0) -> list[Finding]:
    """Findings of D2 among ordinary traffic."""
    return [each for each in run(sorted([*quiet(seconds=seconds), *requests])) if each.detector == "D2"]


def test_a_flood_of_new_identities_that_look_alike_is_found_and_told_over() -> None:
    (finding,) = found(flooding(40.0, 60.0), seconds=100.0)
    assert (finding.kind, finding.key) == ("flood", "search")
    assert 40.0 <= since_start(finding.onset) <= 42.0
    assert since_start(finding.window_end) <= 45.0
    assert 60.0 < since_start(finding.closed_at) <= 90.0


def test_a_flash_crowd_with_the_usual_kinds_of_clients_is_calm() -> None:
    assert found(flooding(40.0, 60.0, agent=-1)) == []


def test_known_identities_that_come_more_often_are_calm() -> None:
    more = [each._replace(at=each.at + 40.0, agent=77) for each in quiet(seconds=20.0, rate=200.0)]
    assert found(more) == []


def test_one_greedy_client_is_no_flood() -> None:
    assert found(greedy(40.0, 50.0)) == []


def test_one_greedy_client_among_new_people_is_no_flood() -> None:
    people = flooding(40.0, 60.0, rate=15.0, agent=-1)
    alone = [each._replace(route="search", agent=77) for each in greedy(42.0, 55.0, rate=120.0)]
    assert found([*people, *alone]) == []


def test_stuffing_is_left_to_its_own_detector() -> None:
    assert found([*logging_in(seconds=80.0), *stuffing(40.0, 60.0, rate=60.0)]) == []


def test_ordinary_traffic_is_calm_whatever_its_pace() -> None:
    for seed, rate in ((1, 5.0), (2, 60.0), (3, 300.0)):
        assert [each for each in run(quiet(seed, seconds=60.0, rate=rate)) if each.detector == "D2"] == []


def test_a_second_flood_is_found_like_the_first() -> None:
    assert len(found([*flooding(40.0, 50.0), *flooding(90.0, 100.0)], seconds=110.0)) == 2


def test_identities_are_counted_once_for_each_route() -> None:
    of = np.array([1, 0, 1, 1, 0])
    who = np.array([7, 7, 7, 8, 7], np.uint64)
    counts = np.array([1, 2, 3, 9, 4])
    newcomers, busiest = distinct(of, who, counts, 3)
    assert (newcomers.tolist(), busiest.tolist()) == ([1, 2, 0], [6, 9, 0])
    nobody = np.zeros(0, np.int64)
    newcomers, busiest = distinct(nobody, nobody.astype(np.uint64), nobody, 2)
    assert (newcomers.tolist(), busiest.tolist()) == ([0, 0], [0, 0])
