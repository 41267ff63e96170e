"""What analytics tells its log: moments, counts, and an outage of the warehouse where it begins and ends."""

import logging
import re
import time
from collections.abc import Mapping

from clickhouse_connect.driver.exceptions import ClickHouseError, Error
from urllib3.exceptions import HTTPError

FAILURES = (ClickHouseError, HTTPError, OSError)  # of the warehouse; anything else is a bug
LONGEST_REASON = 200
SYSTEM_REASON = re.compile(r"\[Errno -?\d+\] ([^\"'\])(]+)")
URL_PART = re.compile(r"\(?\s*(?:for url|with url:)?\s*\S*(?:https?://|/\?)\S*\)?")

log = logging.getLogger("tidegate.analytics")


class Outage:
    """Whether the warehouse fails just now; a line of log when that begins and when it is over."""

    def __init__(self) -> None:
        self._told: set[bool] = set()
        self._tries = 0

    def goes_on(self, failure: Exception) -> None:
        """A try failed."""
        self._tries += 1
        answers = is_answer(failure)
        if answers not in self._told:
            self._told.add(answers)
            log.warning("%s; tried again", to_line(failure))

    def is_over(self) -> None:
        """A try succeeded."""
        if self._tries:
            log.info("the warehouse is back, after %s", counted(self._tries, "try", "tries"))
        self._told.clear()
        self._tries = 0


def is_answer(failure: Exception) -> bool:
    """Whether the warehouse answered, and said no."""
    return isinstance(failure, Error) and failure.code is not None


def to_line(failure: Exception) -> str:
    """One short line.

    >>> to_line(ConnectionRefusedError(111, "Connection refused"))
    'the warehouse does not answer (connection refused)'
    """
    what = "answers with a failure" if is_answer(failure) else "does not answer"
    return f"the warehouse {what} ({to_reason(failure)})"


def to_reason(failure: Exception) -> str:
    """What the system or the warehouse says, without URLs and stack traces."""
    text = (str(failure).strip() or type(failure).__name__).splitlines()[0]
    said = SYSTEM_REASON.search(text)
    if said:
        return said[1].strip().lower()
    if "timed out" in text:
        return "no answer in time"
    return " ".join(URL_PART.sub(" ", text.rpartition("Caused by ")[2]).split())[:LONGEST_REASON]


def moment(seconds: float) -> str:
    """UTC, to the second.

    >>> moment(1_790_000_040)
    '2026-09-21 14:14:00'
    """
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def in_words(counts: Mapping[str, int]) -> str:
    """Counters of the loop, for people.

    >>> in_words({"ticks": 9, "failed": 1, "findings": 2, "ahead": 0, "late": 4})
    '9 ticks (1 failed); 2 findings written; 4 rows came late, 0 were ahead of the clock'
    """
    ticks = counted(counts["ticks"], "tick", "ticks")
    findings = counted(counts["findings"], "finding", "findings")
    rows = counted(counts["late"], "row", "rows")
    return (
        f"{ticks} ({counts['failed']} failed); {findings} written; "
        f"{rows} came late, {counts['ahead']} were ahead of the clock"
    )


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"
