"""How a process or a command ends: its exit code, and what an operator is told where it cannot run."""

GOOD = 0
PROBLEMS_FOUND = 1
COULD_NOT_RUN = 2


class CannotRun(Exception):
    """An operator's mistake or a part that is down: told in one line, exit code 2."""
