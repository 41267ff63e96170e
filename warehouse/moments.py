"""Seconds since 1970 and the times of a table, both ways."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(seconds: float) -> datetime:
    """UTC, rounded to the microsecond that the table holds."""
    return _EPOCH + timedelta(microseconds=round(seconds * 1e6))


def to_seconds(moment: datetime) -> float:
    """Seconds since 1970 of a time that the warehouse returned (UTC)."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) / timedelta(seconds=1)
