"""How a process or a command ends: its exit code, and what an operator is told where it cannot run."""

GOOD = 0
PROBLEMS_FOUND = 1
COULD_NOT_RUN = 2
LONGEST_LINE = 500


class CannotRun(Exception):
    """An operator's mistake or a part that is down: told in one line, exit code 2."""


def first_line(problem: Exception) -> str:
    """What went wrong, short: ClickHouse's messages go on with stack traces."""
    return (str(problem).strip() or type(problem).__name__).splitlines()[0][:LONGEST_LINE]


def without_password(url: str) -> str:
    """A URL as it may be shown."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
