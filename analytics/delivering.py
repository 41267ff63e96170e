"""The queue of one sink: what is due, when it is tried again, what was given up. Times are arguments."""

from collections import deque
from collections.abc import Callable

import msgspec

from analytics.alerting import Alert
from analytics.sinks import NotDelivered

BACKOFF_S = (1.0, 5.0, 30.0, 120.0, 300.0)
MOST_TRIES = 12  # with the pauses above, 38 minutes
MOST_WAITING = 1000


class Delivery(msgspec.Struct, frozen=True):
    """How an alert fared: delivered, or given up with the last failure."""

    alert: Alert
    tried: int
    is_delivered: bool
    failure: str


class Queue:
    """Alerts for one sink, in order: a resolution never overtakes its alert."""

    def __init__(self, send: Callable[[Alert], None], most: int = MOST_WAITING) -> None:
        self._send = send
        self._most = most
        self._waiting: deque[Alert] = deque()
        self._tried = 0  # of the first one
        self._due_at = 0.0

    def put(self, alert: Alert) -> Delivery | None:
        """Take an alert up; where the queue is full it is refused, and that is told."""
        if len(self._waiting) >= self._most:
            return Delivery(alert, 0, False, f"the queue is full: {self._most} alerts wait")
        self._waiting.append(alert)
        return None

    def work(self, now: float) -> Delivery | None:
        """Try the first alert where it is due; returns how it fared once that is settled."""
        if not self._waiting or now < self._due_at:
            return None
        self._tried += 1
        failure = ""
        try:
            self._send(self._waiting[0])
        except NotDelivered as reason:
            failure = str(reason)
        if failure and self._tried < MOST_TRIES:
            self._due_at = now + BACKOFF_S[min(self._tried, len(BACKOFF_S)) - 1]
            return None
        settled = Delivery(self._waiting.popleft(), self._tried, not failure, failure)
        self._tried, self._due_at = 0, 0.0
        return settled
