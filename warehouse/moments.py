"""Seconds since 1970 and the times of a table, both ways."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# What DateTime64 holds: the years 1900 to 2299.
_FIRST_S: Final = datetime(1900, 1, 1, tzinfo=UTC).timestamp()
_LAST_S: Final = datetime(2299, 12, 31, tzinfo=UTC).timestamp()


def to_datetime(seconds: float) -> datetime:
    """UTC, rounded to the microsecond that the table holds, and no time that it cannot hold."""
    held = min(max(seconds, _FIRST_S), _LAST_S)
    return _EPOCH + timedelta(microseconds=round(held * 1e6))


def to_seconds(moment: datetime) -> float:
    """Seconds since 1970 of a time that the warehouse returned (UTC)."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) / timedelta(seconds=1)
