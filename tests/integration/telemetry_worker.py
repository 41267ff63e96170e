"""A process that offers telemetry until it is killed: `URL DIRECTORY TENANT BOOT RATE`.

Prints the number of rows offered so far, one number a line, after each of them is offered.
"""

import sys
import time
from pathlib import Path

from tests.warehouse.event_rows import row
from warehouse.writer import EventWriter, Origin, WriterSettings

TICK_S = 0.01


def main(url: str, directory: str, tenant: str, boot: str, rate: str) -> None:
    writer = EventWriter(
        Origin(tenant, "w1", int(boot)), WriterSettings(url, Path(directory), flush_ms=200), time.time
    )
    writer.start()
    seq = 0
    while True:
        for _ in range(round(int(rate) * TICK_S)):
            seq += 1
            writer.offer(row(tenant, seq, ended_at=time.time(), boot=int(boot)))
        print(seq, flush=True)
        time.sleep(TICK_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
