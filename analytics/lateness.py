"""Rows that came after their second was judged: counted, and read again for what learns slowly.

A row is known by (worker, boot, seq) and stored once, so rows are only ever added, and a second that
has more of them than were judged has late ones: counts tell as much as the rows themselves would.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from warehouse.readers_analytics import MOST_CELLS

KEPT_S = 120  # how far back late rows are looked for
SPOOLED_S = 3_600  # ... while a proxy drains what it spooled
LOOK_EVERY_S = 10


class Lateness:
    """Remembers how many rows each of the last seconds had when it was judged."""

    def __init__(self) -> None:
        self._judged: dict[int, int] = {}
        self._looked_at = 0
        self._drained_at = -SPOOLED_S  # when a spool was last heard of
        self._uncounted: set[int] = set()
        self.late = 0  # rows, since the start

    def judged(self, seconds: Sequence[int], rows: Sequence[int], until: int) -> None:
        """What the cells of a chunk that ends at `until` held, clamped rows left out; ordered by second.

        A second of which only the busiest cells were read says nothing of rows to come.
        """
        oldest = until - SPOOLED_S
        if seconds:
            distinct, first, cells = np.unique(np.array(seconds), return_index=True, return_counts=True)
            sums = np.add.reduceat(np.array(rows, np.int64), first)
            self._judged.update(
                (second, count)
                for second, count in zip(distinct.tolist(), sums.tolist(), strict=True)
                if second >= oldest
            )
            self._uncounted.update(distinct[cells >= MOST_CELLS].tolist())
        if min(self._judged, default=oldest) < oldest - KEPT_S:
            self._judged = {second: count for second, count in self._judged.items() if second >= oldest}
            self._uncounted = {second for second in self._uncounted if second >= oldest}

    def is_due(self, until: int) -> bool:
        """Whether it is time to look."""
        return until - self._looked_at >= LOOK_EVERY_S

    def reach_s(self, until: int, spooled: int) -> int:
        """How far back to look, by what is spooled now or was lately."""
        if spooled:
            self._drained_at = until
        return SPOOLED_S if until - self._drained_at < KEPT_S else KEPT_S

    def compare(self, there: Mapping[int, int], until: int) -> list[int]:
        """Seconds before `until` that have more rows than were judged; the rows are counted once."""
        self._looked_at = until
        grown = []
        for second, count in sorted(there.items()):
            missed = count - self._judged.get(second, 0)
            if missed > 0 and second < until and second not in self._uncounted:
                self.late += missed
                self._judged[second] = count
                grown.append(second)
        return grown
