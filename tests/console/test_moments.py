"""Times as written and read."""

import pytest

from console.moments import parse_since, to_span, to_utc, why_no_time

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("10m", NOW - 600),
        ("1.5h", NOW - 5_400),
        ("2d", NOW - 172_800),
        ("30s", NOW - 30),
        ("1234.5", 1_234.5),
        ("1970-01-02", 86_400.0),
        ("1970-01-01T01:00:00", 3_600.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("yesterday", None),
        ("10 m", None),
        ("", None),
    ],
)
def test_a_time_may_be_written_in_three_ways(text: str, since: float | None) -> None:
    assert parse_since(text, NOW) == since


def test_times_are_shown_in_utc() -> None:
    assert to_utc(0.0) == "1970-01-01 00:00:00"


@pytest.mark.parametrize("seconds", [1e300, -1e300, 1.7e12, float("inf"), float("nan")])
def test_a_time_that_no_calendar_holds_is_told_as_a_number(seconds: float) -> None:
    assert to_utc(seconds) == f"{seconds:g} s"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (119.0, "119 s"),
        (120.0, "2 min"),
        (7_200.0, "2 h"),
        (172_800.0, "2 d"),
        (-300.0, "-5 min"),
    ],
)
def test_spans_are_shown_in_the_unit_that_people_would_use(seconds: float, text: str) -> None:
    assert to_span(seconds) == text


def test_a_time_in_milliseconds_is_told_from_one_in_seconds() -> None:
    assert why_no_time("since", 1.8e9) == why_no_time("since", 0.0) == ""
    assert why_no_time("since", 1.8e12) == (
        "since: 1.8e+12 is no time in seconds since 1970: is it in milliseconds?"
    )
    assert why_no_time("since", -1.0) == "since: -1 is no time in seconds since 1970"
    assert why_no_time("since", float("nan"))
