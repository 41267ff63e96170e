"""Copies what the store holds into the warehouse, so that boards can join it with telemetry.

The store is the truth: where the warehouse is away, copies wait; nothing else does.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from console.state import ControlState
from warehouse.client import WrongUrl, connect
from warehouse.copies import Copied, Outcome, insert_copies
from warehouse.failures import FAILURES, to_line
from warehouse.migrate import MigrationRefused, migrate

COPY_EVERY_S = 2.0
RETRY_AFTER_S = 15.0
UNTOLD_TRIES = 3  # a warehouse that starts beside the console needs some seconds
ANSWER_WITHIN_S = 10  # so long the end of the process waits for one that hangs

T = TypeVar("T")


class Copying:
    """Remembers what was copied. `tell` is told when an outage begins and ends, and not of a short one.

    `refused` counts copies that no table takes: each is told, and waited for no more.
    """

    def __init__(self, state: ControlState, url: str, tell: Callable[[str], None]) -> None:
        self._state = state
        self._url = url
        self._tell = tell
        self._client: Client | None = None
        self._done = Copied()
        self.refused = 0
        self._failures = 0  # in a row

    async def run(self) -> None:
        """Copy what is new. For ever."""
        while True:
            is_done = await self.copy()
            is_early = self._failures <= UNTOLD_TRIES
            await asyncio.sleep(COPY_EVERY_S if is_done or is_early else RETRY_AFTER_S)

    async def copy(self) -> bool:
        """Copy what has changed since the last time; False where the warehouse did not take it."""
        status = await self._state.status()
        now = Copied(
            await self._state.revisions(),
            await self._state.recommendations(),
            await self._state.markers(),
            await self._state.labels(),
            status.proxies,
            await self._state.approvals(),
        )
        news = since(self._done, now)
        if news == Copied():
            return True
        try:
            outcome = await asyncio.to_thread(self._write, news)
        except (WrongUrl, MigrationRefused) as trouble:
            return self._failed(str(trouble))
        except FAILURES as trouble:
            return self._failed(to_line(trouble))
        for each in outcome.refused:
            self._tell(f"{each.kind}: {each.id!r} is not copied to the warehouse: {each.reason}")
        self.refused += len(outcome.refused)
        still = {kind: getattr(self._done, kind) for kind in outcome.waiting}
        self._done = msgspec.structs.replace(now, **still)
        if outcome.waiting:
            return self._failed("; ".join(f"{kind}: {why}" for kind, why in outcome.waiting.items()))
        if self._failures > UNTOLD_TRIES:
            self._tell("decisions are copied to the warehouse again")
        self._failures = 0
        return True

    def _failed(self, why: str) -> bool:
        self._failures, self._client = self._failures + 1, None
        if self._failures == UNTOLD_TRIES + 1:
            self._tell(f"decisions are not copied to the warehouse: {why}")
        return False

    def _write(self, news: Copied) -> Outcome:
        if self._client is None:
            client = connect(self._url, timeout_s=ANSWER_WITHIN_S)
            migrate(client)  # whoever comes first makes the tables, as analytics does
            self._client = client
        return insert_copies(self._client, self._state.tenant, news)

    def close(self) -> None:
        """Give the connection back."""
        if self._client is not None:
            self._client.close()


def since(before: Copied, now: Copied) -> Copied:
    """What of `now` is not in `before`."""
    return Copied(*(news_of(getattr(before, name), getattr(now, name)) for name in Copied.__struct_fields__))


def news_of(before: tuple[T, ...], now: tuple[T, ...]) -> tuple[T, ...]:
    """Those of `now` that are not among `before`."""
    known = frozenset(map(msgspec.json.encode, before))
    return tuple(each for each in now if msgspec.json.encode(each) not in known)
