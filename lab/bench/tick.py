"""The wall time of one tick of analytics, with an hour and with a day of history behind it."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from analytics.archive import WarehouseArchive
from analytics.engine import Engine
from analytics.loop import Loop, Pace
from analytics.publisher import Publisher
from kernel.events import LedgerRow
from lab.bench.insert import BATCH, MICROSECONDS, encoded
from lab.bench.rows import IDENTITIES, event_rows
from lab.bench.telemetry import stored_rows
from warehouse.batches import Assembly, Origin
from warehouse.client import connect
from warehouse.delivery import Delivery
from warehouse.readers_analytics import WindowReader

HOUR_S, DAY_S = 3_600, 86_400
TICKS = 10
WORKER = "tick"
ROWS_AT_ONCE = 1_000_000


class Ticks(NamedTuple):
    """Raw rows behind the tick, and the median and the worst of TICKS ticks in milliseconds."""

    rows: int
    median_ms: float
    worst_ms: float


class History(NamedTuple):
    """Rows to be there, over how many seconds before `until_us` (microseconds since 1970)."""

    rows: int
    span_s: int
    until_us: int


def fill(client: Client, history: History) -> None:
    """Make the history inside the warehouse, a part at a time: the engine's memory is capped."""
    question = (Path(__file__).parent / "history.sql").read_text()
    for first in range(0, history.rows, ROWS_AT_ONCE):
        rows = min(ROWS_AT_ONCE, history.rows - first)
        parameters = {**history._asdict(), "boot": history.span_s, "first": first, "these": rows}
        client.command(question, parameters=parameters)


def measure_ticks(url: str, until_us: int, tell: Callable[[str], None]) -> Ticks:
    """Tick once a second of event time, each with 20,000 active identities, from `until_us` on."""
    client = connect(url)
    moment = Moment(until_us / MICROSECONDS)
    loop = Loop(
        Engine("default"),
        WindowReader(client, "default"),
        archive=WarehouseArchive(client, "default"),
        publisher=Publisher(None, time.monotonic),
        pace=Pace(moment.read),
    )
    source = Source(url, until_us)
    source.second()
    moment.move(1.2)
    tell("warming up on the minutes before")
    loop.tick()
    while loop.is_behind:
        loop.tick()
    spent = []
    for number in range(TICKS):
        source.second()
        moment.move(1.0)
        began = time.perf_counter()
        loop.tick()
        spent.append((time.perf_counter() - began) * 1e3)
        tell(f"tick {number + 1}/{TICKS}: {spent[-1]:.0f} ms")
    return Ticks(stored_rows(client), statistics.median(spent), max(spent))


class Moment:
    """A clock that the benchmark moves, so that no real second has to pass."""

    def __init__(self, now: float) -> None:
        self._now = now

    def read(self) -> float:
        """Seconds since 1970."""
        return self._now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class Source:
    """A worker that stores one second of traffic at a time, and vouches for it."""

    def __init__(self, url: str, start_us: int) -> None:
        self._delivery = Delivery(url)
        self._start_us = self._at_us = start_us
        self._offered = 0
        self._assembly = Assembly(Origin("default", WORKER, start_us), BATCH)

    def second(self) -> None:
        """20,000 requests and the ledger row that says so."""
        seed = self._at_us // MICROSECONDS
        rows = list(event_rows(IDENTITIES, start_us=self._at_us, rate=IDENTITIES, seed=seed))
        for batch in encoded(rows, self._assembly):
            self._delivery.store(batch)
        self._at_us += MICROSECONDS
        self._offered += IDENTITIES
        row = LedgerRow(
            tenant="default",
            worker=WORKER,
            boot=self._start_us,
            through=self._at_us,
            written_at=self._at_us,
            offered=self._offered,
            stored=self._offered,
            spooled=0,
            dropped=0,
            buffered=0,
            open_requests=0,
            slow_clients=(),
        )
        self._delivery.store_ledger([row])
