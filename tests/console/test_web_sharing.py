"""One answer serves all who ask at the same time."""

import asyncio

import pytest

from console.web.sharing import Shared


class Asked:
    """Counts how often it is asked, by a clock that is set by hand."""

    def __init__(self) -> None:
        self.times = 0
        self.now = 100.0
        self.broken = False
        self.shared = Shared(self.ask, fresh_s=1.0, clock=lambda: self.now)

    async def ask(self) -> int:
        self.times += 1
        await asyncio.sleep(0)
        if self.broken:
            raise TimeoutError
        return self.times


def test_many_who_ask_at_once_get_one_answer() -> None:
    asked = Asked()

    async def all_at_once() -> list[int]:
        return await asyncio.gather(*(asked.shared.of("a") for _ in range(200)))

    assert asyncio.run(all_at_once()) == [1] * 200


def test_an_answer_that_is_old_or_about_something_else_is_not_given() -> None:
    asked = Asked()

    async def one_by_one() -> list[int]:
        found = [await asked.shared.of("a"), await asked.shared.of("b")]
        asked.now += 1.0
        found.append(await asked.shared.of("b"))
        asked.now -= 50.0  # the clock was set back
        return [*found, await asked.shared.of("b")]

    assert asyncio.run(one_by_one()) == [1, 2, 3, 4]


def test_who_goes_away_takes_the_answer_from_nobody() -> None:
    asked = Asked()

    async def two() -> int:
        gone, stays = asyncio.create_task(asked.shared.of("a")), asyncio.create_task(asked.shared.of("a"))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(two()) == 2


def test_a_failure_is_not_kept() -> None:
    asked = Asked()
    asked.broken = True
    with pytest.raises(TimeoutError):
        asyncio.run(asked.shared.of("a"))
    asked.broken = False
    assert asyncio.run(asked.shared.of("a")) == 2
