"""lab.stopping: work ends when somebody asks for it."""

import asyncio

import pytest

from lab.stopping import Interrupted, unless_stopped


async def test_work_that_ends_gives_its_result() -> None:
    async def work() -> int:
        return 7

    assert await unless_stopped(work(), asyncio.Event()) == 7


async def test_a_stop_cancels_the_work() -> None:
    stop, cleaned = asyncio.Event(), []

    async def work() -> None:
        stop.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    with pytest.raises(Interrupted):
        await unless_stopped(work(), stop)
    assert cleaned == [True]


async def test_of_failures_in_a_group_the_first_is_raised() -> None:
    async def fail() -> None:
        raise OSError("no")

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    with pytest.raises(OSError, match="no"):
        await unless_stopped(work(), asyncio.Event())


async def test_a_failure_of_the_work_is_raised() -> None:
    async def work() -> None:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        await unless_stopped(work(), asyncio.Event())
