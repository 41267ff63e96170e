"""A failed delivery is tried again later; the queue is bounded, and never loses a resolution."""

import msgspec

from analytics.alerting import Alert, State
from analytics.delivering import BACKOFF_S, GIVE_UP_AFTER_S, SUPERSEDED, Queue
from tests.analytics.receiving import ALERT, OVER
from warehouse.deliveries import FIRES_AGAIN


def middle() -> float:
    """A jitter that leaves pauses as they are."""
    return 0.5


def alert(id_: str, state: State = "firing") -> Alert:
    return msgspec.structs.replace(ALERT if state == "firing" else OVER, id=id_)


def test_a_failed_alert_is_tried_again_after_growing_pauses() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    now = 0.0
    for tried, pause in enumerate(BACKOFF_S, 1):
        assert queue.next(now) == ALERT
        failed = queue.failed(ALERT, "answered 500", now)
        assert failed is not None
        assert (failed.tried, failed.is_settled, failed.failure) == (tried, False, "answered 500")
        assert queue.next(now + pause - 0.1) is None
        assert queue.due_in_s(now) == pause
        now += pause
    took = queue.took(ALERT)
    assert (took.tried, took.is_delivered) == (len(BACKOFF_S) + 1, True)
    assert len(queue) == 0


def test_jitter_spreads_a_pause_by_a_quarter() -> None:
    queue = Queue("hook", lambda: 0.0)
    queue.put(ALERT, 0.0)
    queue.failed(ALERT, "", 0.0)
    assert queue.due_in_s(0.0) == 0.75 * BACKOFF_S[0]


def test_a_sink_that_asks_for_a_longer_wait_gets_it() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    queue.failed(ALERT, "answered 429", 0.0, again_after_s=90.0)
    assert queue.due_in_s(0.0) == 90.0


def test_a_final_refusal_is_given_up_at_once() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    refused = queue.refused(ALERT, "answered 404")
    assert refused is not None
    assert (refused.tried, refused.is_settled, refused.is_delivered) == (1, True, False)
    assert queue.next(0.0) is None


def test_what_fails_holds_up_nothing_else() -> None:
    queue = Queue("hook", middle)
    queue.put(alert("a"), 0.0)
    queue.put(alert("b"), 0.0)
    queue.failed(alert("a"), "answered 500", 0.0)
    assert queue.next(1.0) == alert("b")
    queue.took(alert("b"))
    assert queue.next(1.0) == alert("a")  # the sink works, so nothing pauses any longer


def test_a_resolution_takes_the_place_of_its_alert() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    queue.put(alert("b"), 0.0)
    (superseded,) = queue.put(OVER, 5.0)
    assert (superseded.alert, superseded.is_settled, superseded.failure) == (ALERT, True, SUPERSEDED)
    assert queue.put(OVER, 6.0) == []
    assert queue.next(6.0) == OVER
    queue.took(OVER)
    assert queue.next(6.0) == alert("b")
    assert len(queue) == 1


def test_what_is_sent_while_its_resolution_comes_was_delivered() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    sent = queue.next(0.0)
    queue.put(OVER, 0.1)
    assert sent is not None
    assert queue.took(sent).is_delivered
    assert queue.next(1.0) == OVER
    assert queue.failed(ALERT, "", 1.0) is None
    assert queue.refused(ALERT, "") is None


def test_a_full_queue_drops_the_oldest_alert_and_never_a_resolution() -> None:
    queue = Queue("hook", middle, most=2)
    queue.put(alert("a", "resolved"), 0.0)
    queue.put(alert("b"), 0.0)
    (dropped,) = queue.put(alert("c"), 0.0)
    assert (dropped.alert, dropped.is_settled, dropped.is_delivered) == (alert("b"), True, False)
    assert "full" in dropped.failure
    (dropped,) = queue.put(alert("d", "resolved"), 0.0)
    assert dropped.alert == alert("c")
    assert queue.put(alert("e", "resolved"), 0.0) == []
    (dropped,) = queue.put(alert("f"), 0.0)
    assert dropped.alert == alert("f")
    assert len(queue) == 3


def test_what_waits_too_long_is_given_up_with_the_last_failure() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    queue.put(alert("b"), 0.0)
    queue.failed(ALERT, "answered 500", GIVE_UP_AFTER_S - 1.0)
    told = queue.expired(GIVE_UP_AFTER_S)
    assert [(each.is_settled, each.failure) for each in told] == [
        (True, "the sink took nothing for an hour"),
        (True, "answered 500"),
    ]
    queue.put(ALERT, 0.0)
    late = queue.failed(ALERT, "answered 500", GIVE_UP_AFTER_S)
    assert late is not None
    assert late.is_settled


def test_at_the_end_what_pauses_is_due_at_once() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    queue.failed(ALERT, "", 0.0)
    assert queue.next(0.1) is None
    assert queue.next(0.1, is_last=True) == ALERT


RAISED = msgspec.structs.replace(ALERT, severity="critical", raised=1)


def test_a_graver_alert_takes_the_place_of_what_was_not_told_yet() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    assert queue.put(RAISED, 5.0) == []
    assert queue.put(ALERT, 5.0) == []
    assert queue.next(5.0) == RAISED
    assert len(queue) == 1


def test_a_graver_alert_is_told_after_what_was_being_sent() -> None:
    queue = Queue("hook", middle)
    queue.put(ALERT, 0.0)
    assert queue.next(0.0) == ALERT
    queue.put(RAISED, 0.1)
    assert queue.failed(ALERT, "answered 500", 0.2) is None
    assert queue.next(9.0) == RAISED
    assert queue.took(ALERT).alert == ALERT
    assert queue.took(RAISED).alert == RAISED
    assert len(queue) == 0


def test_a_resolution_that_waits_is_dropped_where_the_same_labels_fire_again() -> None:
    again = msgspec.structs.replace(ALERT, id="i-300", starts_at=300.0)
    by_id = Queue("hook", middle)
    by_labels = Queue("am", middle, by_labels=True)
    for queue in (by_id, by_labels):
        queue.put(OVER, 0.0)
        queue.failed(OVER, "answered 503", 0.0)
    assert by_id.put(again, 5.0) == []
    (dropped,) = by_labels.put(again, 5.0)
    assert (dropped.alert, dropped.is_settled, dropped.failure) == (OVER, True, FIRES_AGAIN)
    assert (len(by_id), len(by_labels)) == (2, 1)
