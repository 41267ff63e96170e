"""Telemetry and analytics against an embedded warehouse, and a worker's memory."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lab.bench.figures import Figure
from lab.bench.insert import MICROSECONDS
from lab.bench.load import Load, measure, resident_mb
from lab.bench.peers import API_KEY, Ports, native, nginx_upstream
from lab.bench.processes import BOTH_CORES, free_port, running, warehouse
from lab.bench.replaying import replay_rate
from lab.bench.telemetry import ingest_rate, writer_cost
from lab.bench.throughput import GATEWAY_CORE, LOAD_CORE
from lab.bench.tick import DAY_S, HOUR_S, History, fill, measure_ticks
from warehouse.client import connect

EVENTS = 200_000
DAY_ROWS = 20_000_000
HOUR_ROWS = DAY_ROWS * HOUR_S // DAY_S
MILLION = 1_000_000

Tell = Callable[[str], None]


def figures_of_storage(folder: Path, tell: Tell) -> list[Figure]:
    """Every figure that needs a warehouse; some minutes."""
    with warehouse(folder / "telemetry", BOTH_CORES) as url:
        tell(f"telemetry: {EVENTS:,} events through one writer")
        cost = writer_cost(url, EVENTS)
        tell("telemetry: two processes insert 1,000,000 rows each")
        ingest = ingest_rate(url, clients=2, batches=100)
        first, last = memory(folder, url, tell)
    with warehouse(folder / "analytics", BOTH_CORES) as url:
        ticks = dict(ticks_of(url, tell))
    tell("replay: two million requests, on one core with the warehouse")
    replays = replay_rate(folder)
    return [
        Figure("telemetry, CPU per event in the proxy", cost.cpu_us_per_event, 6, "µs", at_least=False),
        Figure("embedded warehouse, ingest", ingest.rows_per_second, 80_000, "events/s", at_least=True),
        Figure("a worker's memory after a million requests", last, 120, "MB", at_least=False),
        Figure("its growth over the last 800,000", last - first, 5, "MB", at_least=False),
        Figure("a tick, an hour of history", ticks["hour"], 400, "ms", at_least=False),
        Figure("a tick, a day of history (20 million rows)", ticks["day"], 400, "ms", at_least=False),
        Figure("replay requests per second", replays, 200_000, "requests/s", at_least=True),
    ]


def memory(folder: Path, url: str, tell: Tell) -> tuple[float, float]:
    """Resident megabytes of a worker after the first 200,000 requests, and after a million."""
    ports = Ports(free_port(), free_port(), url)
    upstream = nginx_upstream(folder / "memory-upstream", ports)
    command = native(folder / "memory", ports)
    with (
        running(upstream, cores=LOAD_CORE, port=ports.upstream, log=folder / "upstream.log", more={}),
        running(command, cores=GATEWAY_CORE, port=ports.listen, log=folder / "worker.log", more={}) as pid,
    ):
        seen: list[float] = []
        sent = 0
        target = f"http://127.0.0.1:{ports.listen}/api/v1/items"
        while sent < MILLION:
            sent += measure(pid, Load(target, 64, 5, API_KEY), LOAD_CORE).requests
            if sent >= MILLION // 5:
                seen.append(resident_mb(pid))
            tell(f"memory: {sent:,} requests, {resident_mb(pid):.0f} MB")
    return seen[0], seen[-1]


def ticks_of(url: str, tell: Tell) -> Iterator[tuple[str, float]]:
    """Median tick in milliseconds with an hour, then with a day of history."""
    client = connect(url)
    for name, rows, span_s in (("hour", HOUR_ROWS, HOUR_S), ("day", DAY_ROWS, DAY_S)):
        until_us = int(time.time() - 60) * MICROSECONDS
        tell(f"analytics: {rows:,} rows of history over {span_s // HOUR_S} h")
        fill(client, History(rows, span_s, until_us))
        yield name, measure_ticks(url, until_us, tell).median_ms
