"""The boundary behind which a bug costs what was in hand, and not the process: a broad except.

What an event loop calls and a request can reach goes through `contain`, and so does each round of a worker's
loop. Whoever is told of the bug counts and logs it, and tells those who wait.
"""

from collections.abc import Callable
from typing import TypeVar

GivenT = TypeVar("GivenT")
ResultT = TypeVar("ResultT")


def contain(
    act: Callable[[GivenT], ResultT], given: GivenT, crash: Callable[[Exception], None]
) -> ResultT | None:
    """`act(given)`; a bug in it goes to `crash`, which counts and logs it, and the result is None."""
    try:
        return act(given)
    except Exception as bug:  # noqa: BLE001  # whatever it is, the rest goes on
        crash(bug)
        return None
