"""What a telemetry row costs the proxy's process, and how many rows the embedded warehouse takes."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from clickhouse_connect.driver.client import Client

from lab.bench.insert import BATCH, MICROSECONDS
from lab.bench.rows import event_rows
from warehouse.client import connect
from warehouse.migrate import migrate
from warehouse.writer import EventWriter, Origin, WriterSettings


class Cost(NamedTuple):
    """CPU microseconds per event in the process that offers and inserts them."""

    events: int
    cpu_us_per_event: float
    stored: int


def writer_cost(url: str, events: int) -> Cost:
    """Offer `events` rows to a writer at a gateway's pace; all of its threads' CPU counts."""
    rows = list(event_rows(events, start_us=now_us() - 60 * MICROSECONDS, rate=20_000, seed=1))
    with tempfile.TemporaryDirectory() as folder:
        settings = WriterSettings(url=url, directory=Path(folder), buffer_rows=events)
        writer = EventWriter(Origin("default", "cost", now_us()), settings, time.time)
        writer.start()
        before = time.process_time()
        for first in range(0, events, BATCH):
            for row in rows[first : first + BATCH]:
                writer.offer(row)
            time.sleep(0.4)
        writer.stop(60)
        spent = time.process_time() - before
        totals = writer.totals()
    return Cost(events, spent * 1e6 / events, totals.stored)


def now_us() -> int:
    """Microseconds since 1970."""
    return int(time.time() * MICROSECONDS)


class Ingest(NamedTuple):
    """Rows a second that the embedded warehouse stored, counted in it afterwards."""

    rows: int
    rows_per_second: float


def ingest_rate(url: str, *, clients: int, batches: int) -> Ingest:
    """Insert `clients` x `batches` x BATCH rows from as many processes, and count what is there."""
    client = connect(url)
    migrate(client)
    before = stored_rows(client)
    command = [sys.executable, "-m", "lab.bench.insert", url, str(batches)]
    started = [subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE) for number in range(clients)]
    spans = [process.communicate()[0].split() for process in started]
    if any(process.returncode for process in started):
        raise RuntimeError("an inserting process failed; its message is above")
    seconds = max(float(end) for _, end in spans) - min(float(start) for start, _ in spans)
    rows = stored_rows(client) - before
    if rows != clients * batches * BATCH:
        raise RuntimeError(f"{rows} rows are there of {clients * batches * BATCH}")
    return Ingest(rows, rows / seconds)


def stored_rows(client: Client) -> int:
    """Rows in the raw table."""
    return int(str(client.command("SELECT count() FROM requests")))
