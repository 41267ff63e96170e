"""The boundary of the native transport, and of whatever a wheel or a pool calls: its one broad except.

What the event loop calls and a request can reach goes through `contain`: a bug costs one request or one
connection, never the worker, and is counted, logged and told as `crashed` by whoever it met.
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
    except Exception as bug:  # noqa: BLE001  # the server: whatever it is, the worker goes on
        crash(bug)
        return None
