"""One inserting process of the ingest benchmark: prints when it began and ended (monotonic seconds)."""

import sys
import time
from collections.abc import Sequence

from kernel.events import EventRow
from lab.bench.rows import event_rows
from warehouse.batches import BLOCK_ROWS, Assembly, Batch, Origin
from warehouse.delivery import Delivery

BATCH = 10_000
MICROSECONDS = 1_000_000


def encoded(rows: Sequence[EventRow], assembly: Assembly) -> list[Batch]:
    """Rows as the proxy's writer encodes them, closed as batches."""
    for first in range(0, len(rows), BLOCK_ROWS):
        assembly.add(rows[first : first + BLOCK_ROWS])
    assembly.close()
    return assembly.take()


def made_batches(count: int, number: int, start_us: int) -> list[Batch]:
    """`count` batches of BATCH rows of one worker, a second of traffic each."""
    assembly = Assembly(Origin("default", f"bench-{number}", start_us), BATCH)
    batches: list[Batch] = []
    for each in range(count):
        start = start_us + each * MICROSECONDS
        rows = list(event_rows(BATCH, start_us=start, rate=BATCH, seed=number * 1000 + each))
        batches += encoded(rows, assembly)
    return batches


def main(url: str, batches: int, number: int) -> None:
    """Encode the batches first, then insert one after the other."""
    start = int((time.time() - batches) * MICROSECONDS) - 60 * MICROSECONDS
    made = made_batches(batches, number, start)
    delivery = Delivery(url)
    began = time.monotonic()
    for batch in made:
        delivery.store(batch)
    print(began, time.monotonic(), flush=True)
    delivery.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
