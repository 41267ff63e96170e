"""Work that ends early when somebody asks the demo to stop."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class Interrupted(Exception):
    """Ctrl-C or SIGTERM came before the work was done."""


async def unless_stopped(work: Coroutine[object, object, T], stop: asyncio.Event) -> T:
    """The work's result; raises Interrupted, with the work cancelled, as soon as `stop` is set."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise Interrupted("stopped before the end")
    finally:
        for task in (working, stopping):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
