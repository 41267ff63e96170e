from datetime import UTC, datetime

from warehouse.moments import to_datetime, to_seconds


def test_a_time_comes_back_to_the_microsecond() -> None:
    assert to_datetime(1_790_000_040.123456) == datetime(2026, 9, 21, 14, 14, 0, 123456, tzinfo=UTC)
    assert to_seconds(to_datetime(1_790_000_040.123456)) == 1_790_000_040.123456


def test_a_time_without_a_zone_is_utc() -> None:
    assert to_seconds(datetime(1970, 1, 1, 0, 1)) == 60.0  # noqa: DTZ001  # as a client may return it


def test_times_beyond_the_table_are_its_ends() -> None:
    assert (to_datetime(-1e300).year, to_datetime(1e300).year, to_datetime(1_790_000_040_000.0).year) == (
        1900,
        2299,
        2299,
    )
