"""lab.traffic: the stream is reproducible, and has the shape of real traffic."""

import itertools
import statistics
from collections import Counter

import pytest

from lab.population import draw_population
from lab.traffic import INTENSITY_CAP, Planned, Tide, traffic

SECONDS = 60


def first_minute(seed: int) -> list[Planned]:
    people = draw_population(seed)
    return list(itertools.takewhile(lambda planned: planned.at < SECONDS, traffic(people, seed)))


@pytest.fixture(scope="module")
def minute() -> list[Planned]:
    return first_minute(11)


def test_the_same_seed_gives_the_same_stream_and_another_seed_another(minute: list[Planned]) -> None:
    assert first_minute(11) == minute
    assert first_minute(12) != minute


def test_requests_come_in_order_of_time(minute: list[Planned]) -> None:
    assert all(before.at <= after.at for before, after in itertools.pairwise(minute))
    assert minute[0].at >= 0.0


def test_the_load_is_what_two_cores_bear(minute: list[Planned]) -> None:
    assert 100 <= len(minute) / SECONDS <= 300


def test_at_least_400_identities_are_seen_within_a_minute(minute: list[Planned]) -> None:
    assert len({planned.who for planned in minute}) >= 400


def test_arrivals_are_overdispersed(minute: list[Planned]) -> None:
    counts = Counter(int(planned.at) for planned in minute)
    per_second = [counts[second] for second in range(SECONDS)]
    assert statistics.variance(per_second) > 2.0 * statistics.mean(per_second)


def test_activity_is_unequal(minute: list[Planned]) -> None:
    requests = sorted(Counter(planned.who for planned in minute).values(), reverse=True)
    busiest = sum(requests[: len(requests) // 10])
    assert 0.2 < busiest / sum(requests) < 0.7


def test_pages_are_bursts_of_several_requests(minute: list[Planned]) -> None:
    same_second = Counter((planned.who, int(planned.at)) for planned in minute)
    assert sum(count >= 3 for count in same_second.values()) > 100


def test_one_identity_does_not_depend_on_who_else_there_is(minute: list[Planned]) -> None:
    people = draw_population(11)
    few = itertools.takewhile(lambda planned: planned.at < SECONDS, traffic(people[:50], 11))
    assert list(few) == [planned for planned in minute if planned.who < 50]


def test_the_tide_is_about_1_and_bounded() -> None:
    tide = Tide(3)
    levels = [tide.at(second) for second in range(960)]
    assert 0.9 < statistics.mean(levels) < 1.1
    assert 0.0 < min(levels) < max(levels) <= INTENSITY_CAP
