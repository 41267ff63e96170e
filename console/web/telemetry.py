"""Questions of the pages to the warehouse, asked in a thread; one that is away is told, not waited for."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from dashboards.asking import Columns, ask_sql
from kernel.findings import Finding
from warehouse.client import WrongUrl, connect
from warehouse.failures import FAILURES, to_line
from warehouse.findings import read_findings
from warehouse.readers import History, Loss, Reader, Watermark
from warehouse.readers_pages import (
    Accused,
    Delivery,
    RuleDeeds,
    read_accused,
    read_deliveries,
    read_rule_deeds,
)

ANSWER_WITHIN_S = 10
AHEAD_S = 60.0  # the ledger's clock may run ahead of ours
LATELY_S = 300.0
MOST_FINDINGS = 200
PANELS_AT_ONCE = 3  # a board must not take the warehouse from analytics

T = TypeVar("T")


class WarehouseAway(Exception):
    """The warehouse cannot be asked; the message is one line."""


class Accounts(msgspec.Struct, frozen=True):
    """What became of events: since the workers' start, and over LATELY_S; and how far telemetry is."""

    ever: Loss
    lately: Loss
    watermark: Watermark


class Telemetry:
    """One tenant's questions. `url` empty: there is no warehouse."""

    def __init__(self, url: str, tenant: str) -> None:
        self._url = url
        self._tenant = tenant
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._panels = asyncio.Semaphore(PANELS_AT_ONCE)

    async def history(self, since: float, until: float) -> History:
        """What each route did in each second. Raises WarehouseAway."""
        tenant = self._tenant
        return await self._ask(
            lambda client: Reader(client, tenant).history(since, until, rollup="requests_1s")
        )

    async def findings(self) -> list[Finding]:
        """The newest findings, open or closed. Raises WarehouseAway."""
        return await self._ask(lambda client: read_findings(client, self._tenant, limit=MOST_FINDINGS))

    async def accounts(self, now: float) -> Accounts:
        """The ledger. Raises WarehouseAway."""

        def read(client: Client) -> Accounts:
            reader = Reader(client, self._tenant)
            ever = reader.loss(0.0, now + AHEAD_S)
            return Accounts(ever, reader.loss(now - LATELY_S, now + AHEAD_S), reader.watermark(now))

        return await self._ask(read)

    async def deliveries(self, since: float) -> list[Delivery]:
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
        try:
            async with self._connecting:
                if self._client is None:
                    self._client = await asyncio.to_thread(connect, self._url, timeout_s=ANSWER_WITHIN_S)
            return await asyncio.to_thread(work, self._client)
        except WrongUrl as wrong:
            raise WarehouseAway(str(wrong)) from wrong
        except FAILURES as failure:
            raise WarehouseAway(to_line(failure)) from failure
