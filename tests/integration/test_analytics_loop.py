"""The loop against the embedded warehouse: watermark, restart, determinism, late and early rows."""

import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

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
from tests.integration.proxies import DEADLINE_S, ROOT, eventually
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

    def account(self, through: float, written_at: float = 0.0) -> None:
        """A worker says that it has told all up to `through`; `written_at` in seconds since 1970."""
        row = ledger_row(self.tenant, self.clock.start + through)
        if written_at:
            row = row._replace(written_at=round(written_at * 1e6))
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


EVENTFUL = eventful()


@pytest.fixture
def bench(warehouse_client: Client, tenant: str) -> Bench:
    return Bench(warehouse_client, tenant)


@pytest.fixture
def other(warehouse_client: Client, tenant: str) -> Bench:
    return Bench(warehouse_client, tenant + "b")


def bare(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    """Findings without tenant, id and when they were written, which are no function of the rows."""
    return [
        (each.detector, each.key, each.onset, each.window_end, each.closed_at, each.score, each.evidence)
        for each in findings
    ]


def test_the_loop_finds_what_was_planted(bench: Bench) -> None:
    bench.store(EVENTFUL)
    for at in range(5, int(END) + 30, 4):
        bench.tick(float(at))
    told = [(each.kind, each.key) for each in bench.findings()]
    assert told == [
        ("client-burst", "ip:203.0.113.9"),
        ("latency-regression", "upstream:shop"),
        ("error-burst", "upstream:shop"),
    ]
    assert bench.loop.counters.late == 0


def test_the_same_rows_give_the_same_findings_whatever_the_ticks_and_restarts(
    bench: Bench, other: Bench
) -> None:
    other.clock.start = bench.clock.start
    bench.store(EVENTFUL)
    other.store(EVENTFUL)
    for at in (7, 20, 44, 45, 46, 61, 63, 80, 88, 90, 113, 140):
        bench.tick(float(at))
    for at in (41, 42, 62, 64, 87, 89, 110, 140):
        other.loop = other.start()  # killed before each tick
        other.tick(float(at))
    assert len(bench.findings()) == 3
    assert bare(other.findings()) == bare(bench.findings())


def test_what_happened_in_a_long_downtime_is_found_once_it_is_over(bench: Bench, other: Bench) -> None:
    other.clock.start = bench.clock.start
    bench.store(EVENTFUL)
    other.store(EVENTFUL)
    bench.tick(20.0)
    bench.loop = bench.start()  # killed, and started again three quarters of an hour later
    bench.tick(20.0 + 2_700.0)
    for at in (20, 45, 70, 100, 140):
        other.tick(float(at))
    assert [each.detector for each in bench.findings()] == ["D1", "D17", "D16"]
    assert bare(bench.findings()) == bare(other.findings())


def test_a_finding_survives_a_restart_open_and_is_closed_later(bench: Bench) -> None:
    bench.store(EVENTFUL)
    bench.tick(44.0)
    (opened,) = bench.findings()
    bench.loop = bench.start()
    bench.tick(56.0)
    assert [(each.id, each.closed_at, each.found_at) for each in bench.findings()] == [
        (opened.id, 0.0, opened.found_at)
    ]
    bench.tick(75.0)
    closed = bench.findings()[0]
    assert closed.id == opened.id
    assert closed.closed_at > 0


def test_nothing_is_judged_past_the_slowest_worker(bench: Bench) -> None:
    bench.store(EVENTFUL)
    bench.tick(39.0)
    behind = ledger_row(bench.tenant, bench.clock.start + 40.0)._replace(
        worker="w2", boot=2, written_at=round((bench.clock.start + 60.0) * 1e6)
    )
    bench.client.insert("ledger", [behind], column_names=LedgerRow._fields, column_type_names=LEDGER_TYPES)
    bench.tick(60.0)
    assert bench.findings() == []
    bench.tick(66.0)  # the other worker was not heard for five seconds
    assert [each.kind for each in bench.findings()] == ["client-burst", "latency-regression"]


def test_late_rows_are_counted_and_findings_stay(bench: Bench) -> None:
    bench.store([each for each in EVENTFUL if each.at < 50])
    bench.tick(50.0)
    before = bench.findings()
    bench.store([each._replace(at=each.at - 20.0) for each in greedy(50.0, 51.0, rate=9.0)])
    bench.tick(65.0)
    assert bench.loop.counters.late == 9
    assert [each.id for each in bench.findings()][:1] == [each.id for each in before][:1]


def test_rows_from_the_future_are_clamped_and_counted(bench: Bench) -> None:
    ahead = 3_600.0 + 900.0  # a worker whose clock is a quarter of an hour ahead
    bench.store([*quiet(seconds=5), *greedy(ahead, ahead + 1.0, rate=5.0)])
    bench.tick(6.0)
    now = time.time() - bench.clock.start
    bench.tick(now + 10.0)
    assert bench.loop.counters.ahead == 5


def test_a_warehouse_that_is_away_costs_ticks_and_no_findings(bench: Bench) -> None:
    bench.store(EVENTFUL)
    bench.tick(39.0)
    bench.clock.at = 42.0
    bench.account(42.0)
    bench.client.command("RENAME TABLE requests TO requests_away")
    try:
        with pytest.raises(ClickHouseError):
            bench.loop.tick()
    finally:
        bench.client.command("RENAME TABLE requests_away TO requests")
    bench.tick(45.0)
    assert [each.kind for each in bench.findings()] == ["client-burst"]


class Killed:
    """`python -m analytics.main` on a bench's tenant; ends by SIGKILL alone."""

    def __init__(self, url: str, tenant: str) -> None:
        options = ("--warehouse", url, "--control", "none", "--tenant", tenant, "--tick-ms", "50")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "analytics.main", *options], stderr=subprocess.PIPE, text=True, cwd=ROOT
        )

    def __enter__(self) -> "Killed":
        assert self.process.stderr is not None
        while "ready" not in self.process.stderr.readline():
            assert self.process.poll() is None
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=DEADLINE_S)


def test_a_killed_process_goes_on_where_it_stopped_and_doubles_nothing(
    warehouse_url: str, bench: Bench, other: Bench
) -> None:
    other.clock.start = bench.clock.start = int(time.time()) // 60 * 60 - 240
    bench.store(EVENTFUL)
    other.store(EVENTFUL)
    bench.account(44.0, time.time())
    with Killed(warehouse_url, bench.tenant):
        eventually(bench.findings, "the first finding")
    (first,) = bench.findings()
    bench.account(64.0, time.time())
    with Killed(warehouse_url, bench.tenant):
        pass  # killed while it warms up, or catches up
    bench.account(140.0, time.time())
    with Killed(warehouse_url, bench.tenant):
        eventually(
            lambda: sum(each.closed_at > 0 for each in bench.findings()) == 3, "all are found and over"
        )
    for at in range(4, 144, 4):
        other.tick(float(at))
    assert bare(bench.findings()) == bare(other.findings())
    assert bench.findings()[0].id == first.id
    assert bench.findings()[0].found_at == first.found_at
