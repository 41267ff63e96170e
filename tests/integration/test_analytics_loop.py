"""The loop against the embedded warehouse: watermark, restart, determinism, late and early rows."""

import time
from collections.abc import Sequence

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from analytics.archive import WarehouseArchive
from analytics.engine import Engine
from analytics.loop import Loop, Pace
from analytics.publisher import Publisher
from kernel.events import LedgerRow
from kernel.findings import Finding
from tests.analytics.traffic import (
    Request,
    failing,
    greedy,
    ledger_row,
    quiet,
    rows_of,
    slowed,
)
from tests.warehouse.event_rows import insert_rows
from warehouse.findings import read_findings
from warehouse.readers_analytics import WindowReader

BURST_AT, SLOW_AT, FAIL_AT, END = 40.0, 60.0, 85.0, 110.0


class Hand:
    """A clock that a test moves; `at` is in seconds from `start`.

    The start lies an hour back: the table keeps a week, and what is ahead of the warehouse's
    clock is clamped.
    """

    def __init__(self) -> None:
        self.at = 0.0
        self.start = int(time.time()) // 60 * 60 - 3_600

    def __call__(self) -> float:
        return self.start + self.at


class Bench:
    """One tenant of the warehouse, its loop, and what a worker writes."""

    def __init__(self, client: Client, tenant: str) -> None:
        self.client = client
        self.tenant = tenant
        self.clock = Hand()
        self.loop = self.start()
        self._sent = 0

    def start(self) -> Loop:
        """A new process, which knows nothing."""
        return Loop(
            Engine(self.tenant),
            WindowReader(self.client, self.tenant),
            archive=WarehouseArchive(self.client, self.tenant),
            publisher=Publisher(None, self.clock),
            pace=Pace(self.clock),
        )

    def store(self, requests: Sequence[Request]) -> None:
        """Put requests into the raw table."""
        if requests:
            self._sent += 1
            insert_rows(
                self.client,
                rows_of(self.tenant, requests, self.clock.start),
                token=f"{self.tenant}-{self._sent}",
            )

    def account(self, through: float) -> None:
        """A worker says that it has told all up to `through`."""
        row = ledger_row(self.tenant, self.clock.start + through)
        self.client.insert("ledger", [row], column_names=LedgerRow._fields, column_type_names=LEDGER_TYPES)

    def tick(self, at: float) -> None:
        """One tick at a time at which all before is stored."""
        self.account(at)
        self.clock.at = at
        self.loop.tick()

    def findings(self) -> list[Finding]:
        """What the warehouse holds, by onset."""
        found = read_findings(self.client, self.tenant)
        return sorted(found, key=lambda each: (each.onset, each.id))


LEDGER_TYPES = [
    "String",
    "String",
    "UInt64",
    "DateTime64(6)",
    "DateTime64(6)",
    *["UInt64"] * 6,
    "Array(String)",
]


def eventful() -> list[Request]:
    """A burst, a slow upstream, errors: one after the other."""
    requests = sorted([*quiet(seconds=END), *greedy(BURST_AT, BURST_AT + 8)])
    requests = slowed(requests, SLOW_AT, SLOW_AT + 8)
    return failing(requests, FAIL_AT, FAIL_AT + 8)


@pytest.fixture
def bench(warehouse_client: Client, tenant: str) -> Bench:
    return Bench(warehouse_client, tenant)


def test_a_tick_finds_what_was_planted(bench: Bench) -> None:
    bench.store(eventful())
    for at in range(5, int(END) + 1):
        bench.tick(float(at))
    told = [(each.kind, each.key, each.route) for each in bench.findings()]
    assert [each[0] for each in told] == ["client-burst", "latency-regression", "error-burst"]
    assert told[0][1:] == ("ip:203.0.113.9", "products")


def bare(findings: Sequence[Finding]) -> list[Finding]:
    """Findings without when they were written, which is no function of the rows."""
    return [msgspec.structs.replace(each, found_at=0.0) for each in findings]
