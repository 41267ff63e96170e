"""Endless work that is hindered for a while."""

import asyncio
import sqlite3

import pytest

from console.facts import Objected
from console.watching import Watcher


class Work:
    """Is hindered as often as there are troubles, then goes on until `done`."""

    def __init__(self, *troubles: Exception) -> None:
        self._troubles = list(troubles)
        self.is_going_on = asyncio.Event()

    async def __call__(self) -> None:
        if self._troubles:
            raise self._troubles.pop(0)
        self.is_going_on.set()
        await asyncio.Event().wait()


async def test_work_that_is_hindered_is_begun_again_and_told_when_it_begins_and_is_over() -> None:
    told: list[str] = []
    over = asyncio.Event()

    def tell(line: str) -> None:
        told.append(line)
        if "goes on" in line:
            over.set()

    work = Work(sqlite3.OperationalError("disk is full"), OSError("no"), Objected(("never",)))
    watcher = Watcher("the expiry of rules", work, tell, retry_after_s=0, steady_after_s=0.01)
    running = asyncio.create_task(watcher.run())
    await over.wait()
    assert work.is_going_on.is_set()
    assert [line.partition(":")[0] for line in told] == [
        "the expiry of rules is hindered",
        "the expiry of rules goes on",
    ]
    assert "disk is full" in told[0]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_bug_ends_it() -> None:
    with pytest.raises(ZeroDivisionError):
        await Watcher("x", Work(ZeroDivisionError()), print).run()
