"""Work that goes on for ever beside the server, and that no full disk and no lock may end."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

from console.facts import Objected

RETRY_AFTER_S = 2.0
STEADY_AFTER_S = 10.0  # a locked store fails after 5 s (store.BUSY_TIMEOUT_S)
HINDRANCES = (sqlite3.Error, OSError, Objected)  # anything else is a bug

Tell = Callable[[str], None]


class Watcher:
    """Begins endless work again where it is hindered; tells when that begins and when it is over.

    `work` begins where it was when it is called anew.
    """

    def __init__(
        self,
        what: str,
        work: Callable[[], Awaitable[None]],
        tell: Tell,
        *,
        retry_after_s: float = RETRY_AFTER_S,
        steady_after_s: float = STEADY_AFTER_S,
    ) -> None:
        self._what = what
        self._work = work
        self._tell = tell
        self._retry_after_s = retry_after_s
        self._steady_after_s = steady_after_s
        self._is_hindered = False

    async def run(self) -> None:
        """For ever."""
        while True:
            steady = asyncio.get_running_loop().call_later(self._steady_after_s, self._goes_on)
            try:
                await self._work()
            except HINDRANCES as trouble:
                self._hindered(trouble)
            finally:
                steady.cancel()
            await asyncio.sleep(self._retry_after_s)

    def _hindered(self, trouble: Exception) -> None:
        if not self._is_hindered:
            self._tell(f"{self._what} is hindered: {trouble}; it is tried again and again")
        self._is_hindered = True

    def _goes_on(self) -> None:
        if self._is_hindered:
            self._tell(f"{self._what} goes on")
        self._is_hindered = False
