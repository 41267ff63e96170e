"""lab.replay: a log is laid on a clock that ends at now."""

from pathlib import Path

import pytest

from lab.logfile import Log
from lab.record import LEGITIMATE, Sent
from lab.replay import MOST_RATE, SHORTEST_S, SLACK_S, course_of, is_as_logged
from warehouse.access_log import Entry, parse_line

NOW = 1.8e9


def log_of(length_s: int, requests: int) -> Log:
    found = parse_line(b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1', 1)
    assert isinstance(found, Entry)
    first = found.at
    step = length_s / max(requests - 1, 1)
    entries = [_at(found, first + number * step) for number in range(requests)]
    return Log(Path("access.log"), requests, tuple(entries), ())


def _at(entry: Entry, at: float) -> Entry:
    return Entry(**{name: getattr(entry, name) for name in entry.__struct_fields__} | {"at": at})


def test_two_days_take_a_minute_and_end_at_now() -> None:
    log = log_of(172_800, 4_000)
    course = course_of(log, NOW)
    assert (course.tempo.scale, course.duration_s) == (172_800 / SHORTEST_S, SHORTEST_S)
    last = course.tempo.at(NOW + course.duration_s)
    assert last == pytest.approx(NOW + course.duration_s - SLACK_S * (course.tempo.scale - 1), abs=1.0)
    assert course.shift + log.first == course.tempo.origin


def test_the_clock_is_not_ahead_of_real_time_before_the_slack_is_used_up() -> None:
    course = course_of(log_of(172_800, 4_000), NOW)
    end = NOW + course.duration_s
    assert course.tempo.at(end + SLACK_S - 0.1) < end + SLACK_S


def test_a_large_log_takes_as_long_as_two_cores_need() -> None:
    course = course_of(log_of(172_800, 60_000), NOW)
    assert course.duration_s == pytest.approx(60_000 / MOST_RATE)


def test_a_short_log_is_not_slowed_down() -> None:
    course = course_of(log_of(20, 100), NOW)
    assert (course.tempo.scale, course.duration_s) == (1.0, 20.0)


def test_delays_are_told_in_the_logs_time() -> None:
    course = course_of(log_of(172_800, 10), NOW)
    assert course.log_time(course.tempo.origin) == "17/May/2015:10:05:03"
    assert course.log_time(course.tempo.at(NOW + 30.0)) == "18/May/2015:10:05:03"


def test_an_answer_is_as_logged_when_its_status_is() -> None:
    assert is_as_logged(Sent(1.0, "ip:a", LEGITIMATE, "GET 403", 403, 1.0))
    assert not is_as_logged(Sent(1.0, "ip:a", LEGITIMATE, "GET 200", 429, 1.0))
