"""Work that ends early when somebody asks the demo to stop."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came before the work was done."""


async def unless_stopped(work: Coroutine[object, object, T], stop: asyncio.Event) -> T:
    """The work's result or failure; raises Interrupted, with the work cancelled, as soon as `stop` is set."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return result_of(working)
        raise Interrupted("stopped before the end")
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def result_of(done: asyncio.Task[T]) -> T:
    """A task's result; of failures that happened at once in a group the first is raised."""
    try:
        return done.result()
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
