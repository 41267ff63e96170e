"""The queue of one sink: what is due, when it is tried again, what was given up.

Nothing here sends anything. Times are arguments, seconds of a monotonic clock.
"""

from collections.abc import Callable

import msgspec

from analytics.alerting import Alert
from warehouse.deliveries import FIRES_AGAIN

BACKOFF_S = (1.0, 5.0, 30.0, 120.0, 300.0)
GIVE_UP_AFTER_S = 3_600.0  # older news would only confuse
MOST_WAITING = 1_000
SUPERSEDED = "its resolution is told in its place"


class Delivery(msgspec.Struct, frozen=True):
    """How an alert fares at a sink. `tried` times so far; `failure` is the last one's reason, or empty.

    `is_settled`: delivered, or given up where there is a failure.
    """

    alert: Alert
    sink: str
    tried: int = 0
    is_settled: bool = False
    failure: str = ""

    @property
    def is_delivered(self) -> bool:
        """Whether the sink took it."""
        return self.is_settled and not self.failure


class Waiting(msgspec.Struct):
    """An alert in the queue."""

    alert: Alert
    tried: int
    since: float
    due_at: float
    failure: str = ""


class Queue:
    """Alerts for one sink, one entry for each incident: its resolution, or the same alert once it is graver,
    takes the place of what waits.

    `by_labels`: the sink knows alerts by their labels alone, so that a resolution which waits must not come
    after the same labels fire again; it is dropped then.

    What fails goes to the back, so that an alert which a sink cannot bear holds nobody up; and the whole
    queue pauses, longer with each failure in a row. `jitter` gives numbers in [0, 1).
    """

    def __init__(
        self, sink: str, jitter: Callable[[], float], *, most: int = MOST_WAITING, by_labels: bool = False
    ) -> None:
        self._sink = sink
        self._jitter = jitter
        self._most = most
        self._by_labels = by_labels
        self._waiting: dict[str, Waiting] = {}  # by the incident's id, the next one first
        self._failures = 0  # in a row
        self._pauses_until = float("-inf")

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, alert: Alert, now: float, tried: int = 0) -> list[Delivery]:
        """Take an alert up; returns what is settled by that: replaced, or dropped where the queue is full.

        A full queue drops the oldest alert that fires. A resolution is never dropped.
        """
        known = self._waiting.get(alert.id)
        settled: list[Delivery] = []
        if known is not None and known.alert.state == "firing" and alert.state == "resolved":
            settled.append(self._settled(known, SUPERSEDED))
            # What was tried may have arrived all the same, so the resolution is told in any case.
            self._waiting[alert.id] = Waiting(alert, 0, now, known.due_at)
            return settled
        if known is not None:
            if known.alert.state == alert.state and known.alert.raised < alert.raised:
                self._waiting[alert.id] = Waiting(alert, tried, now, known.due_at)
            return []
        settled += self._dropped(alert)
        entry = Waiting(alert, tried, now, float("-inf"))
        self._waiting[alert.id] = entry
        if len(self._waiting) > self._most:
            oldest = next((each for each in self._waiting.values() if each.alert.state == "firing"), None)
            if oldest is not None:
                del self._waiting[oldest.alert.id]
                settled.append(self._settled(oldest, f"the queue is full: {self._most} alerts wait"))
        return settled

    def _dropped(self, alert: Alert) -> list[Delivery]:
        """Resolutions that what fires now makes wrong, where the sink cannot tell it from what is over."""
        if not self._by_labels or alert.state != "firing":
            return []
        wrong = [
            each
            for each in self._waiting.values()
            if each.alert.state == "resolved" and each.alert.labels == alert.labels
        ]
        for each in wrong:
            del self._waiting[each.alert.id]
        return [self._settled(each, FIRES_AGAIN) for each in wrong]

    def next(self, now: float, *, is_last: bool = False) -> Alert | None:
        """What to send now; at the process's end (`is_last`) what was not tried since is due at once."""
        if not is_last and now < self._pauses_until:
            return None
        due = (each.alert for each in self._waiting.values() if is_last or each.due_at <= now)
        return next(due, None)

    def due_in_s(self, now: float) -> float | None:
        """Seconds until something may be sent; None while nothing waits."""
        if not self._waiting:
            return None
        first = min(each.due_at for each in self._waiting.values())
        return max(first - now, self._pauses_until - now, 0.0)

    def took(self, alert: Alert) -> Delivery:
        """The sink took it: whatever else waits is due at once."""
        self._failures, self._pauses_until = 0, float("-inf")
        for each in self._waiting.values():
            each.due_at = float("-inf")
        entry = self._waiting.get(alert.id)
        if entry is None or not entry.alert.is_telling(alert):
            return Delivery(alert, self._sink, 1, True)  # superseded while it was sent
        del self._waiting[alert.id]
        return Delivery(alert, self._sink, entry.tried + 1, True)

    def failed(self, alert: Alert, reason: str, now: float, *, again_after_s: float = 0.0) -> Delivery | None:
        """It failed and may succeed later: it is tried again, or given up where it is too old."""
        self._failures += 1
        self._pauses_until = now + max(self._pause_s(self._failures), again_after_s)
        entry = self._waiting.get(alert.id)
        if entry is None or not entry.alert.is_telling(alert):
            return None
        entry.tried, entry.failure = entry.tried + 1, reason
        del self._waiting[alert.id]
        if now - entry.since >= GIVE_UP_AFTER_S:
            return self._settled(entry, reason)
        entry.due_at = now + max(self._pause_s(entry.tried), again_after_s)
        self._waiting[alert.id] = entry
        return Delivery(alert, self._sink, entry.tried, False, reason)

    def refused(self, alert: Alert, reason: str) -> Delivery | None:
        """The sink will never take it: given up. The sink itself works."""
        self._failures, self._pauses_until = 0, float("-inf")
        entry = self._waiting.get(alert.id)
        if entry is None or not entry.alert.is_telling(alert):
            return None
        del self._waiting[alert.id]
        entry.tried += 1
        return self._settled(entry, reason)

    def expired(self, now: float) -> list[Delivery]:
        """What is given up by now, untried or not: it has waited too long."""
        old = [each for each in self._waiting.values() if now - each.since >= GIVE_UP_AFTER_S]
        for each in old:
            del self._waiting[each.alert.id]
        return [self._settled(each, each.failure or "the sink took nothing for an hour") for each in old]

    def _pause_s(self, failures: int) -> float:
        """By the number of failures, a quarter less or more: sinks that many write to recover better so."""
        return BACKOFF_S[min(failures, len(BACKOFF_S)) - 1] * (0.75 + 0.5 * self._jitter())

    def _settled(self, entry: Waiting, failure: str) -> Delivery:
        return Delivery(entry.alert, self._sink, entry.tried, True, failure)
