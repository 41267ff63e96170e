"""One inserting process of the ingest benchmark: prints when it began and ended (monotonic seconds)."""

import sys
import time

from kernel.events import EventRow
from lab.bench.rows import event_rows
from warehouse.batches import Assembly, Batch, Origin
from warehouse.delivery import Delivery

BATCH = 10_000
MICROSECONDS = 1_000_000


def encoded(count: int, number: int, start_us: int) -> list[Batch]:
    """`count` batches of BATCH rows, as the proxy's writer encodes them."""
    assembly = Assembly(Origin("default", f"bench-{number}", start_us), BATCH, lambda: None)
    for each in range(count):
        start = start_us + each * MICROSECONDS
        rows: list[EventRow] = list(event_rows(BATCH, start_us=start, rate=BATCH, seed=number * 1000 + each))
        assembly.add(rows)
        assembly.close()
    return assembly.take()


def main(url: str, batches: int, number: int) -> None:
    """Encode the batches first, then insert one after the other."""
    start = int((time.time() - batches) * MICROSECONDS) - 60 * MICROSECONDS
    made = encoded(batches, number, start)
    delivery = Delivery(url)
    began = time.monotonic()
    for batch in made:
        delivery.store(batch)
    print(began, time.monotonic(), flush=True)
    delivery.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
