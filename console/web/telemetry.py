"""Questions of the pages to the warehouse, in threads of their own; one that is away is told, not waited for.

Only the first page waits for a warehouse, CONNECT_WITHIN_S at most: while it is known to be away, pages
say so at once, and a connection is tried beside them.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from console.moments import to_utc
from dashboards.asking import Columns, ask_sql
from kernel.findings import Finding
from warehouse.client import WrongUrl, connect
from warehouse.deliveries import DeliveryRow, read_deliveries
from warehouse.failures import FAILURES, is_answer, to_line
from warehouse.findings import read_finding, read_findings
from warehouse.readers import History, Loss, Reader, Watermark
from warehouse.readers_pages import (
    Accused,
    RuleDeeds,
    read_accused,
    read_rule_deeds,
    read_unrouted,
)

CONNECT_WITHIN_S = 3
ANSWER_WITHIN_S = 10
ENGINE_WITHIN_S = 8  # it gives a question up by itself, so that the next one finds it idle
TRY_AGAIN_AFTER_S = 5.0
THREADS = 6  # PANELS_AT_ONCE, a page's own questions, and one that connects
AHEAD_S = 60.0  # the ledger's clock may run ahead of ours
LATELY_S = 300.0
MOST_FINDINGS = 200
PANELS_AT_ONCE = 3  # a board must not take the warehouse from analytics

T = TypeVar("T")


class WarehouseAway(Exception):
    """The warehouse cannot be asked; the message is one line."""


class Outage(msgspec.Struct, frozen=True):
    """Why the warehouse cannot be asked, since when, and when it was last tried."""

    reason: str
    since: float
    tried_at: float

    def text(self) -> str:
        """One line."""
        return f"{self.reason}, since {to_utc(self.since)}"


class Accounts(msgspec.Struct, frozen=True):
    """What became of events: since the workers' start, and over LATELY_S; and how far telemetry is."""

    ever: Loss
    lately: Loss
    watermark: Watermark


class Telemetry:
    """One tenant's questions. `url` empty: there is no warehouse. `clock`: seconds since 1970."""

    def __init__(
        self,
        url: str,
        tenant: str,
        *,
        clock: Callable[[], float] = time.time,
        connect_within_s: float = CONNECT_WITHIN_S,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._url = url
        self._tenant = tenant
        self._clock = clock
        self._connect_within_s = connect_within_s
        self._answer_within_s = answer_within_s
        # Not the loop's own threads: decisions need those.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="pages")
        self._client: Client | None = None
        self._connecting: asyncio.Future[Client] | None = None
        self._outage: Outage | None = None
        self._panels = asyncio.Semaphore(PANELS_AT_ONCE)

    async def history(self, since: float, until: float) -> History:
        """What each route did in each second. Raises WarehouseAway."""
        tenant = self._tenant
        return await self._ask(
            lambda client: Reader(client, tenant).history(since, until, rollup="requests_1s")
        )

    async def unrouted(self, since: float, until: float) -> dict[int, int]:
        """Second -> requests that no route took. Raises WarehouseAway."""
        return await self._ask(lambda client: read_unrouted(client, self._tenant, since, until))

    async def findings(self) -> list[Finding]:
        """The newest findings, open or closed. Raises WarehouseAway."""
        return await self._ask(lambda client: read_findings(client, self._tenant, limit=MOST_FINDINGS))

    async def finding(self, which: str) -> Finding | None:
        """One by its id, however old. Raises WarehouseAway."""
        return await self._ask(lambda client: read_finding(client, self._tenant, which))

    async def accounts(self, now: float) -> Accounts:
        """The ledger. Raises WarehouseAway."""

        def read(client: Client) -> Accounts:
            reader = Reader(client, self._tenant)
            ever = reader.loss(0.0, now + AHEAD_S)
            return Accounts(ever, reader.loss(now - LATELY_S, now + AHEAD_S), reader.watermark(now))

        return await self._ask(read)

    async def deliveries(self, since: float) -> list[DeliveryRow]:
        """What sinks were told of alerts since a moment, the newest first. Raises WarehouseAway."""
        return await self._ask(lambda client: read_deliveries(client, self._tenant, since))

    async def accused(self, findings: Sequence[str]) -> list[Accused]:
        """Whom findings over several identities accuse. Raises WarehouseAway."""
        return await self._ask(lambda client: read_accused(client, self._tenant, findings))

    async def rule_deeds(self, rules: Sequence[str], since: float) -> list[RuleDeeds]:
        """What rules did since a moment. Raises WarehouseAway."""
        return await self._ask(lambda client: read_rule_deeds(client, self._tenant, rules, since))

    async def answer_of(self, sql: str) -> Columns:
        """What plain SQL of a panel answers. Raises WarehouseAway."""
        async with self._panels:
            return await self._ask(lambda client: ask_sql(client, sql))

    async def _ask(self, work: Callable[[Client], T]) -> T:
        if not self._url:
            raise WarehouseAway("no warehouse is named: start the console with --warehouse URL")
        client = await self._connected()
        asked = asyncio.get_running_loop().run_in_executor(self._threads, work, client)
        try:
            async with asyncio.timeout(self._answer_within_s):
                return await asked
        except TimeoutError as late:
            raise self._lost(client, TimeoutError("timed out")) from late
        except FAILURES as failure:
            if is_answer(failure):
                raise WarehouseAway(to_line(failure)) from failure
            raise self._lost(client, failure) from failure

    async def _connected(self) -> Client:
        if self._client is not None:
            return self._client
        known, now = self._outage, self._clock()
        if self._connecting is None and (known is None or not 0 <= now - known.tried_at < TRY_AGAIN_AFTER_S):
            self._connecting = asyncio.get_running_loop().run_in_executor(self._threads, self._connect)
            self._connecting.add_done_callback(self._tried)
        if known is None and self._connecting is not None:
            await asyncio.wait((self._connecting,), timeout=self._connect_within_s)
        if self._client is None:
            raise self._lost(None, TimeoutError("timed out"))
        return self._client

    def _connect(self) -> Client:
        limits = {"max_execution_time": ENGINE_WITHIN_S}
        return connect(
            self._url, connect_timeout_s=CONNECT_WITHIN_S, timeout_s=ANSWER_WITHIN_S, settings=limits
        )

    def _tried(self, connecting: asyncio.Future[Client]) -> None:
        self._connecting = None
        if connecting.cancelled():  # the process ends
            return
        try:
            self._client = connecting.result()
        except (WrongUrl, *FAILURES) as failure:
            self._lose(failure)
        else:
            self._outage = None

    def _lost(self, client: Client | None, failure: Exception) -> WarehouseAway:
        if client is self._client and (client or not self._outage):  # else others have told already
            self._lose(failure)
        return WarehouseAway(self._outage.text() if self._outage else to_line(failure))

    def _lose(self, failure: Exception) -> None:
        now = self._clock()
        since = self._outage.since if self._outage else now
        reason = str(failure) if isinstance(failure, WrongUrl) else to_line(failure)
        self._client, self._outage = None, Outage(reason, since, now)
