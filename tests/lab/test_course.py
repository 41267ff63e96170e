"""lab.course: a log is laid on a clock that ends at now, and nobody becomes faster by it."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.course import (
    MOST_RATE,
    SHORTEST_S,
    SLACK_S,
    Course,
    course_of,
    offsets_of,
    rush_of,
    span_text,
    warning_of,
)
from lab.logfile import Log
from warehouse.access_log import Entry, parse_line

NOW = 1.8e9
DAYS_S = 172_800


def log_of(*after_s: float) -> Log:
    """A log with a request at each of so many seconds after 17/May/2015:10:05:03."""
    found = parse_line(b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1', 1)
    assert isinstance(found, Entry)
    return Log(Path("access.log"), len(after_s), tuple(_at(found, found.at + each) for each in after_s), ())


def _at(entry: Entry, at: float) -> Entry:
    return Entry(**{name: getattr(entry, name) for name in entry.__struct_fields__} | {"at": at})


def spread(length_s: float, requests: int) -> Log:
    return log_of(*(number * length_s / (requests - 1) for number in range(requests)))


def crowded() -> Course:
    """Two days, of which one minute holds 3,000 of 3,100 requests."""
    quiet = [number * DAYS_S / 99 for number in range(100)]
    rush = [86_400 + number * 0.02 for number in range(3_000)]
    return course_of(log_of(*sorted(quiet + rush)), NOW)


def test_two_days_take_a_minute_and_end_at_now() -> None:
    course = course_of(spread(DAYS_S, 4_000), NOW)
    assert course.tempo.scale == DAYS_S / SHORTEST_S
    assert course.duration_s == pytest.approx(SHORTEST_S)
    last = course.tempo.at(NOW + course.duration_s)
    assert last == pytest.approx(NOW + course.duration_s - SLACK_S * (course.tempo.scale - 1), abs=1.0)


@pytest.mark.parametrize("course", [course_of(spread(DAYS_S, 4_000), NOW), crowded()])
def test_the_clock_is_not_ahead_of_real_time_before_the_slack_is_used_up(course: Course) -> None:
    end = NOW + course.duration_s
    assert course.tempo.at(end + SLACK_S - 0.1) < end + SLACK_S


def test_a_large_log_takes_as_long_as_two_cores_need() -> None:
    course = course_of(spread(DAYS_S, 60_000), NOW)
    assert course.duration_s == pytest.approx(60_000 / MOST_RATE, rel=0.01)


def test_a_short_log_is_not_slowed_down() -> None:
    course = course_of(spread(20, 100), NOW)
    assert course.tempo.scale == 1.0
    assert course.duration_s == pytest.approx(20.0)


def test_delays_are_told_in_the_logs_time() -> None:
    course = course_of(spread(DAYS_S, 10), NOW)
    assert course.log_time(course.tempo.origin) == "17/May/2015:10:05:03"
    assert course.log_time(course.tempo.at(NOW + 30.0)) == "18/May/2015:10:05:03"


def test_a_time_is_the_logs_also_where_requests_were_held_back() -> None:
    course = crowded()
    assert course.held_back_s == pytest.approx(9.0, abs=1.1)
    for at, offset in zip(course.times[::50], course.offsets[::50], strict=True):
        told = course.log_time(course.tempo.at(NOW + offset + 1e-6))
        moment = int(told[-2:]) + 60 * int(told[-5:-3])
        assert (moment - at) % 3600 == pytest.approx(0, abs=3.0) or (at - moment) % 3600 < 3.0


@given(
    st.lists(st.floats(0.0, 86_400.0, allow_nan=False), min_size=1, max_size=60),
    st.integers(1, 700),
    st.floats(1.0, 5_000.0),
)
def test_no_gap_of_the_log_is_shortened_and_no_second_sends_too_much(
    starts: list[float], crowd: int, scale: float
) -> None:
    times = sorted([*starts, *(starts[0] + number * 0.001 for number in range(crowd))])
    offsets = offsets_of(times, scale)
    for (before, at), (sent_before, sent) in zip(
        itertools.pairwise(times), itertools.pairwise(offsets), strict=True
    ):
        assert (sent - sent_before) * scale >= (at - before) - 1e-6 * scale
    late = zip(offsets, offsets[MOST_RATE:], strict=False)
    assert all(after - first >= 1.0 - 1e-9 for first, after in late)


def test_a_log_that_is_spread_out_is_no_rush() -> None:
    assert rush_of([float(number) for number in range(1_000)]) is None
    assert warning_of(course_of(spread(DAYS_S, 4_000), NOW)) == ""


def test_where_most_of_a_log_lies_is_told_with_what_follows_from_it() -> None:
    course = crowded()
    rush = rush_of(course.times)
    assert rush is not None
    assert rush.share > 0.95
    told = warning_of(course)
    assert "of the log's requests lie in 18/May/2015:" in told
    assert "limited to 300 requests/s there" in told
    assert "delays grow" in told


def test_a_small_crowd_is_told_and_not_held_back() -> None:
    told = warning_of(course_of(log_of(0.0, 500.0, 500.1, 500.2, 1_000.0), NOW))
    assert "60% of the log's requests lie in" in told
    assert "limited" not in told


def test_a_log_of_one_request_and_one_of_one_moment_have_a_course() -> None:
    for log in (log_of(0.0), log_of(0.0, 0.0, 0.0)):
        assert course_of(log, NOW).duration_s == 1.0


def test_spans_are_told_in_the_unit_that_fits() -> None:
    assert [span_text(each) for each in (20.0, 750.0, 136_440.0)] == ["20 s", "12.5 minutes", "37.9 hours"]
