from hypothesis import given
from hypothesis import strategies as st

from analytics.demand import Usual
from analytics.weekly import HOUR_S, NOTED_S, WEEK_S, WEEKS, Weekly, same_hours, to_row
from warehouse.demand import DemandRow

MONDAY = 1_790_586_000.0  # 2026-09-28 09:00 UTC
NIGHT = Usual(20, 100, (1.0, 2.0, 4.0), (1.0, 2.0, 3.0), (5, 9, 20))


def note(week: int, *, minute: int = 0, scale: float = 1.0, scope: str = "*") -> DemandRow:
    """Ten minutes of this hour, some weeks ago."""
    numbers = (2.0 * scale, 4.0 * scale, 9.0 * scale)
    since = int(MONDAY) - week * WEEK_S + minute * 60
    return DemandRow(scope, since, int(400 * scale), numbers, numbers, (80, 200, 600))


def test_the_same_hours_are_those_of_the_weeks_before() -> None:
    assert int(MONDAY) % HOUR_S == 0
    hours = same_hours(MONDAY + 1_234.5)
    assert [int(MONDAY) - hour for hour in hours] == [week * WEEK_S for week in range(1, WEEKS + 1)]


def test_without_a_past_the_last_minutes_count() -> None:
    weekly = Weekly()
    weekly.take([note(1, scope="limit:other")], MONDAY)
    assert weekly.expected("*", NIGHT) == NIGHT


def test_the_morning_rush_is_expected_before_it_comes() -> None:
    weekly = Weekly()
    weekly.take([note(1, minute=0, scale=0.5), note(1, minute=20)], MONDAY)
    expected = weekly.expected("*", NIGHT)
    assert expected == Usual(400, NOTED_S, (2.0, 4.0, 9.0), (2.0, 4.0, 9.0), (80, 200, 600))


def test_one_odd_week_moves_nothing() -> None:
    weekly = Weekly()
    weekly.take([note(1, scale=50.0), note(2), note(3)], MONDAY)
    assert weekly.expected("*", NIGHT).fitted == (2.0, 4.0, 9.0)


@given(st.lists(st.floats(0.01, 100.0), max_size=WEEKS))
def test_what_is_expected_is_never_less_than_what_is(scales: list[float]) -> None:
    weekly = Weekly()
    weekly.take([note(week, scale=scale) for week, scale in enumerate(scales, 1)], MONDAY)
    expected = weekly.expected("*", NIGHT)
    assert all(one >= other for one, other in zip(expected.fitted, NIGHT.fitted, strict=True))
    assert all(one >= other for one, other in zip(expected.together, NIGHT.together, strict=True))
    assert expected.identities >= NIGHT.identities


def test_the_past_is_asked_for_once_an_hour() -> None:
    weekly = Weekly()
    assert weekly.is_due(MONDAY)
    weekly.take([], MONDAY + 5)
    assert not weekly.is_due(MONDAY + HOUR_S - 1)
    assert weekly.is_due(MONDAY + HOUR_S)


def test_a_note_belongs_to_the_ten_minutes_that_are_over() -> None:
    row = to_row("*", NIGHT, int(MONDAY) + 601)
    assert row == DemandRow("*", int(MONDAY), 20, NIGHT.fitted, NIGHT.greatest, NIGHT.together)
