"""Rows that came after their second was judged: counted, and read again for what learns slowly."""

from collections.abc import Mapping, Sequence

KEPT_S = 120  # how far back late rows are looked for
LOOK_EVERY_S = 10


class Lateness:
    """Remembers how many rows each of the last seconds had when it was judged."""

    def __init__(self) -> None:
        self._judged: dict[int, int] = {}
        self._looked_at = 0
        self.late = 0  # rows, since the start

    def judged(self, seconds: Sequence[int], rows: Sequence[int], until: int) -> None:
        """What a chunk that ends at `until` held."""
        for second, count in zip(seconds, rows, strict=True):
            if second >= until - KEPT_S:
                self._judged[second] = self._judged.get(second, 0) + count
        self._judged = {second: count for second, count in self._judged.items() if second >= until - KEPT_S}

    def is_due(self, until: int) -> bool:
        """Whether it is time to look."""
        return until - self._looked_at >= LOOK_EVERY_S

    def compare(self, there: Mapping[int, int], until: int) -> list[int]:
        """Seconds before `until` that have more rows than were judged; the rows are counted once."""
        self._looked_at = until
        grown = []
        for second, count in sorted(there.items()):
            missed = count - self._judged.get(second, 0)
            if missed > 0 and second < until:
                self.late += missed
                self._judged[second] = count
                grown.append(second)
        return grown
