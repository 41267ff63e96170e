"""An answer that many pages want at the same time, asked for once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from console.web.sessions import Clock

T = TypeVar("T")


class Shared(Generic[T]):
    """Asks anew once its answer is `fresh_s` old, or when the key changes; who asks meanwhile waits."""

    def __init__(self, ask: Callable[[], Awaitable[T]], *, fresh_s: float, clock: Clock) -> None:
        self._ask = ask
        self._fresh_s = fresh_s
        self._clock = clock
        self._asking = asyncio.Lock()
        self._known: tuple[Hashable, float, T] | None = None  # key, when it was asked for, answer

    async def of(self, key: Hashable) -> T:
        """The answer. Raises what asking raises; then the next one asks."""
        async with self._asking:
            if self._known is not None:
                known_key, asked_at, answer = self._known
                if known_key == key and 0.0 <= self._clock() - asked_at < self._fresh_s:
                    return answer
            asked_at = self._clock()
            answer = await self._ask()
            self._known = (key, asked_at, answer)
            return answer
