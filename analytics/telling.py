"""What analytics tells its log: moments, counts, and an outage of the warehouse where it begins and ends."""

import logging
import time
from collections.abc import Mapping

from warehouse.failures import is_answer, to_line

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
