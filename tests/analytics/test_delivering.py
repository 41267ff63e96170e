"""A failed delivery is tried again later, in order, and given up in the end; the queue is bounded."""

import msgspec

from analytics.alerting import Alert
from analytics.delivering import BACKOFF_S, MOST_TRIES, Queue
from analytics.sinks import NotDelivered

ALERT = Alert("i", {}, "firing", "warning", "many", 100.0, 0.0, ("a",))
OVER = msgspec.structs.replace(ALERT, state="resolved", ends_at=200.0)


class FlakySink:
    """Refuses the first posts."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.taken: list[Alert] = []

    def send(self, alert: Alert) -> None:
        if self.refusals:
            self.refusals -= 1
            raise NotDelivered("answered 500")
        self.taken.append(alert)


def test_a_refused_alert_is_tried_again_before_its_resolution() -> None:
    sink = FlakySink(refusals=1)
    queue = Queue(sink.send)
    queue.put(ALERT)
    queue.put(OVER)
    assert queue.work(10.0) is None
    assert queue.work(10.0 + BACKOFF_S[0] / 2) is None
    settled = queue.work(10.0 + BACKOFF_S[0])
    assert settled is not None
    assert (settled.is_delivered, settled.tried) == (True, 2)
    assert queue.work(11.0) is not None
    assert sink.taken == [ALERT, OVER]


def test_an_alert_is_given_up_and_that_is_told() -> None:
    queue = Queue(FlakySink(refusals=MOST_TRIES).send)
    queue.put(ALERT)
    told = [queue.work(1000.0 * step) for step in range(1, MOST_TRIES + 1)]
    assert told[:-1] == [None] * (MOST_TRIES - 1)
    last = told[-1]
    assert last is not None
    assert (last.is_delivered, last.failure) == (False, "answered 500")


def test_a_full_queue_refuses_and_tells() -> None:
    queue = Queue(FlakySink(refusals=0).send, most=1)
    assert queue.put(ALERT) is None
    refused = queue.put(OVER)
    assert refused is not None
    assert "full" in refused.failure
