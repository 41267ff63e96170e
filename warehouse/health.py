"""What analytics asks of the warehouse about the service and about Tidegate itself.

Each question reads a bounded stretch: minutes of the roll-up, or the ledger (a row a second and worker).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from warehouse.ledger import CLOSED
from warehouse.progress import read_progress
from warehouse.readers import AHEAD_S, MICROSECONDS, Reader

# A worker that fell silent longer ago is forgotten: it was given up, not missed.
HEARD_WITHIN_S: Final = 6 * 3600.0


class Outcomes(msgspec.Struct, frozen=True):
    """Requests of a window and how many failed; what the gateway itself refused is in neither."""

    requests: int
    failed: int


class Served(msgspec.Struct, frozen=True):
    """Outcomes by the length of their window (s), which ends now.

    `since`: the first minute of the longest window that has a request (unix seconds); 0 where none has.
    """

    since: float
    within: dict[int, Outcomes]


class Heartbeat(msgspec.Struct, frozen=True):
    """A worker's last words (unix seconds). `has_ended`: it said goodbye, or its next process did for it."""

    worker: str
    heard_at: float
    has_ended: bool


class HealthReader(Reader):
    """Asks for one tenant. Safe where its client is."""

    def served(self, now: float, windows: Sequence[int]) -> Served:
        """How requests ended within each of `windows` (s), by the minute."""
        parameters = {"until": int(now), "windows": list(windows)}
        since, asked, failed = (column[0] for column in self._columns("outcomes", parameters))
        if not asked:
            return Served(0.0, dict.fromkeys(windows, Outcomes(0, 0)))
        counts = zip(windows, asked, failed, strict=True)
        return Served(float(since), {seconds: Outcomes(all_, bad) for seconds, all_, bad in counts})

    def heartbeats(self, now: float, *, pace: float = 1.0) -> tuple[Heartbeat, ...]:
        """Workers heard within HEARD_WITHIN_S, by name; their clock runs `pace` times as fast as time."""
        since, until = now - HEARD_WITHIN_S * pace, now + AHEAD_S * pace
        columns = self._ask("heartbeats", since, until, closed=CLOSED)
        return tuple(
            Heartbeat(worker, heard / MICROSECONDS, bool(ended))
            for worker, heard, ended in zip(*columns, strict=True)
        )

    def judged(self) -> int | None:
        """The first second that analytics has not judged yet; None where it never judged."""
        return read_progress(self._client, self._tenant)
