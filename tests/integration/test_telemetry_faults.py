"""What happens to events when the warehouse, a worker or the disk fails: stored once, or counted as lost."""

import contextlib
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from kernel.events import LedgerRow
from tests.integration.proxies import Upstream, eventually, load, policy_text, proxy, statuses
from tests.warehouse.event_rows import row
from tests.warehouse_server import WarehouseProcess, start_warehouse
from warehouse.client import connect
from warehouse.ledger import CLOSED
from warehouse.migrate import migrate
from warehouse.writer import EventWriter, Origin, WriterSettings, book_lost

# Tokens name worker and boot, so each test has a boot of its own.
BOOTS = count(1_000)
ROOT = Path(__file__).parents[2]
RATE = 2_000  # rows a second
TICK_S = 0.02


class Crashing:
    """An embedded warehouse that a test kills and starts again on the same port and data."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process = start_warehouse(data)
        self.url = self.process.url
        self.migrated()

    def migrated(self) -> None:
        client = connect(self.url)
        migrate(client)
        client.close()

    def kill(self) -> None:
        kill(self.process)

    def restart(self) -> None:
        self.process = start_warehouse(self.data, listen=self.url.removeprefix("http://"))

    def count(self, tenant: str) -> tuple[int, int]:
        """(rows, distinct rows) of a tenant."""
        client = connect(self.url)
        question = "SELECT count(), uniqExact(worker, boot, seq, interim) FROM requests WHERE tenant = %(t)s"
        (found,) = client.query(question, parameters={"t": tenant}).result_rows
        rolled = client.query(
            "SELECT sum(requests) FROM requests_1m WHERE tenant = %(t)s", parameters={"t": tenant}
        ).result_rows[0][0]
        client.close()
        assert rolled == found[0], "the roll-up and the rows disagree"
        return int(found[0]), int(found[1])

    def ledger(self, tenant: str) -> LedgerRow | None:
        """The newest ledger row of a tenant's first boot."""
        client = connect(self.url)
        question = (
            "SELECT tenant, worker, boot, toUnixTimestamp64Micro(through), toUnixTimestamp64Micro(written_at)"
            ", offered, stored, spooled, dropped, buffered, open_requests, slow_clients FROM ledger"
            " WHERE tenant = %(t)s ORDER BY boot, written_at DESC LIMIT 1"
        )
        rows = client.query(question, parameters={"t": tenant}).result_rows
        client.close()
        return LedgerRow(*rows[0]) if rows else None


def kill(process: WarehouseProcess) -> None:
    process.kill()
    assert process.process.stderr is not None
    process.process.stderr.close()


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashing]:
    crashing = Crashing(tmp_path_factory.mktemp("crashing") / "data")
    yield crashing
    crashing.kill()


class Load:
    """A thread that offers rows at RATE, as an event loop would."""

    def __init__(self, writer: EventWriter, tenant: str) -> None:
        self.writer = writer
        self.tenant = tenant
        self.boot = writer.totals().boot
        self.seq = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        while not self.ended.wait(TICK_S):
            for _ in range(round(RATE * TICK_S)):
                self.seq += 1
                self.writer.offer(row(self.tenant, self.seq, ended_at=time.time(), boot=self.boot))


@contextlib.contextmanager
def loaded(writer: EventWriter, tenant: str) -> Iterator[Load]:
    """A writer at work, offered rows for the length of the block, then stopped."""
    load = Load(writer, tenant)
    writer.start()
    load.thread.start()
    try:
        yield load
    finally:
        load.ended.set()
        load.thread.join()
        writer.stop(20)
    totals = writer.totals()
    assert writer.failures == 0
    assert totals.offered == load.seq == totals.stored + totals.spooled + totals.dropped
    assert totals.buffered == 0


def a_writer(url: str, directory: Path, tenant: str, *, spool_max_bytes: int = 64 << 20) -> EventWriter:
    settings = WriterSettings(url, directory, flush_ms=500, spool_max_bytes=spool_max_bytes)
    return EventWriter(Origin(tenant, "w1", next(BOOTS)), settings, time.time)


def has_stored_more(writer: EventWriter, rows: int) -> bool:
    return writer.totals().stored > rows


@pytest.mark.parametrize(
    "outage_s",
    [pytest.param(4.0, id="4 s"), pytest.param(30.0, id="30 s", marks=pytest.mark.slow)],
)
def test_a_warehouse_that_was_dead_loses_and_doubles_nothing(
    warehouse: Crashing, tmp_path: Path, tenant: str, outage_s: float
) -> None:
    writer = a_writer(warehouse.url, tmp_path, tenant)
    with loaded(writer, tenant):
        eventually(lambda: writer.totals().stored > 0, "the first rows are stored")
        warehouse.kill()
        time.sleep(outage_s)
        spooled = writer.totals().spooled
        warehouse.restart()
        eventually(lambda: writer.totals().spooled == 0, "the spool is drained")
        eventually(lambda: (found := warehouse.ledger(tenant)) and found.spooled == 0, "so says the ledger")
    totals = writer.totals()
    assert spooled > 0
    assert (totals.stored, totals.dropped, totals.spooled) == (totals.offered, 0, 0)
    assert warehouse.count(tenant) == (totals.offered, totals.offered)
    assert list(tmp_path.iterdir()) == []
    last = warehouse.ledger(tenant)
    assert last is not None
    assert (last.through, last.stored) == (CLOSED, totals.offered)


def test_a_warehouse_killed_in_the_middle_of_inserts_loses_and_doubles_nothing(
    warehouse: Crashing, tmp_path: Path, tenant: str
) -> None:
    writer = a_writer(warehouse.url, tmp_path, tenant)
    with loaded(writer, tenant):
        for round_number in range(3):
            stored = writer.totals().stored
            eventually(partial(has_stored_more, writer, stored), "rows are stored")
            time.sleep(0.05 * round_number)  # another moment between two flushes each time
            warehouse.kill()
            warehouse.restart()
        eventually(lambda: writer.totals().spooled == 0 and has_stored_more(writer, stored), "all is drained")
    totals = writer.totals()
    assert (totals.stored, totals.dropped) == (totals.offered, 0)
    assert warehouse.count(tenant) == (totals.offered, totals.offered)


class Worker:
    """A process that offers rows until it is killed."""

    def __init__(self, url: str, directory: Path, tenant: str) -> None:
        module = "tests.integration.telemetry_worker"
        words = [url, str(directory), tenant, str(next(BOOTS)), str(RATE)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *words], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def kill(self) -> int:
        """Rows that it had offered at least: the last whole line that it printed."""
        self.process.kill()
        said, _ = self.process.communicate()
        return max(int(line) for line in said.splitlines(keepends=True) if line.endswith("\n"))


def last_word(warehouse: Crashing, tenant: str) -> LedgerRow:
    """The last ledger row of a tenant's first boot, once another has settled it."""

    def closed() -> LedgerRow | None:
        found = warehouse.ledger(tenant)
        return found if found and found.through == CLOSED and not found.spooled else None

    last = eventually(closed, "the ledger of what was killed is settled")
    assert isinstance(last, LedgerRow)
    return last


def settled(warehouse: Crashing, directory: Path, tenant: str) -> LedgerRow:
    """Let a later boot settle what boot 1 left, and return the last ledger row of boot 1."""
    later = EventWriter(
        Origin(tenant, "w1", next(BOOTS)), WriterSettings(warehouse.url, directory, flush_ms=200), time.time
    )
    later.start()
    last = last_word(warehouse, tenant)
    later.stop(10)
    assert list(directory.iterdir()) == []
    return last


def test_every_event_of_a_killed_worker_is_stored_or_booked(
    warehouse: Crashing, tmp_path: Path, tenant: str
) -> None:
    worker = Worker(warehouse.url, tmp_path, tenant)
    eventually(lambda: warehouse.ledger(tenant), "the worker's ledger is there")
    time.sleep(0.5)
    offered = worker.kill()
    lost = book_lost(tmp_path)
    last = settled(warehouse, tmp_path, tenant)
    stored, distinct = warehouse.count(tenant)
    assert last.offered >= offered
    assert last.offered == last.stored + last.dropped
    assert (last.stored, stored) == (stored, distinct)
    assert 0 < last.dropped <= lost


def test_what_a_killed_worker_had_spooled_is_stored_by_the_next_boot(
    warehouse: Crashing, tmp_path: Path, tenant: str
) -> None:
    worker = Worker("http://127.0.0.1:1", tmp_path, tenant)
    eventually(lambda: list(tmp_path.glob("*.spool")), "the worker spools")
    offered = worker.kill()
    lost = book_lost(tmp_path)
    last = settled(warehouse, tmp_path, tenant)
    assert last.offered >= offered
    assert (last.stored, last.dropped) == (last.offered - lost, lost)
    assert last.stored > 0
    assert warehouse.count(tenant) == (last.stored, last.stored)


def test_a_full_spool_is_counted_and_offering_goes_on(
    warehouse: Crashing, tmp_path: Path, tenant: str
) -> None:
    writer = a_writer(warehouse.url, tmp_path, tenant, spool_max_bytes=500_000)
    with loaded(writer, tenant):
        warehouse.kill()
        eventually(lambda: writer.totals().dropped > 0, "rows are dropped")
        warehouse.restart()
        eventually(lambda: writer.totals().spooled == 0, "the spool is drained")
    totals = writer.totals()
    assert totals.stored + totals.dropped == totals.offered
    assert warehouse.count(tenant) == (totals.stored, totals.stored)


def test_a_full_disk_is_counted_and_offering_goes_on(tmp_path: Path, tenant: str) -> None:
    """The kernel refuses every file past 300 KB, in the middle of a frame, as a full disk would."""
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = a_writer("http://127.0.0.1:1", tmp_path, tenant)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, most))
    try:
        with loaded(writer, tenant):
            eventually(lambda: writer.totals().spooled > 0, "rows are spooled")
            time.sleep(1.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    assert all(path.stat().st_size <= 300_000 for path in tmp_path.iterdir())


def test_a_full_disk_from_the_start_is_counted(tmp_path: Path, tenant: str) -> None:
    limit, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))
    try:
        writer = a_writer("http://127.0.0.1:1", tmp_path, tenant)
        with loaded(writer, tenant):
            eventually(lambda: writer.totals().dropped > 0, "rows are dropped")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    totals = writer.totals()
    assert (totals.dropped, totals.spooled) == (totals.offered, 0)


def test_every_request_that_a_killed_proxy_answered_is_stored_or_booked(
    warehouse: Crashing, behind: Upstream, tmp_path: Path, tenant: str
) -> None:
    policy, connections, later = tmp_path / "policy.yaml", 4, 3
    policy.write_text(f"tenant: {tenant}\n{policy_text(behind.port)}")
    options = ("--policy", str(policy), "--warehouse", warehouse.url)
    with proxy(tmp_path, *options) as killed, load(killed.ready(), connections) as traffic:
        eventually(lambda: (found := warehouse.ledger(tenant)) and found.stored, "the first rows are stored")
        before = traffic.answered
        eventually(lambda: traffic.answered > before + 200, "events that are not stored yet")
        killed.process.kill()
        killed.ended()
    with proxy(tmp_path, *options) as restarted:
        assert statuses(restarted.ready(), later) == [200] * later
        last = last_word(warehouse, tenant)
        restarted.send(signal.SIGTERM)
        assert restarted.ended() == 0
    # A kill may fall between a request's answer and its event, or before the client has read the answer.
    assert abs(last.offered - traffic.answered) <= connections
    assert last.offered == last.stored + last.dropped
    assert last.stored > 0
    assert last.dropped > 0
    assert warehouse.count(tenant) == (last.stored + later, last.stored + later)
