"""Incidents from deliveries written by hand."""

from typing import Literal

import msgspec

from console.web.alarms import Told, to_alarms
from warehouse.deliveries import FIRES_AGAIN, DeliveryRow


def delivery(
    alert: str,
    at: float,
    *,
    sink: str = "pager",
    state: Literal["firing", "resolved"] = "firing",
    delivered: bool = True,
    **changed: object,
) -> DeliveryRow:
    """Told and arrived at once, unless said otherwise."""
    plain = DeliveryRow(
        alert=alert,
        name="client-burst",
        sink=sink,
        state=state,
        severity="critical",
        summary="too many",
        labels={"route": "login"},
        starts_at=at - 5,
        ends_at=at if state == "resolved" else 0.0,
        tried=1,
        delivered=delivered,
        failure="",
        at=at,
        settled_at=at + 1 if delivered else 0.0,
        content='{"findings": ["f1"], "runbook": "https://books.test/client-burst.md", "evidence": "who"}',
    )
    return msgspec.structs.replace(plain, **changed)


def test_deliveries_of_one_incident_are_one_alarm_and_what_fires_comes_first() -> None:
    over = [delivery("a", 200.0, state="resolved"), delivery("a", 100.0), delivery("a", 100.0, sink="chat")]
    first, second = to_alarms([delivery("b", 150.0), *over])
    assert (first.id, first.ends_at, first.is_undelivered) == ("b", 0.0, False)
    assert (second.id, second.ends_at, len(second.told)) == ("a", 200.0, 3)
    assert (first.route, first.findings, first.evidence) == ("login", ("f1",), "who")
    assert first.runbook == "https://books.test/client-burst.md"


def test_a_first_try_is_no_failure_and_a_failed_one_is() -> None:
    under_way = delivery("a", 100.0, delivered=False, tried=0)
    failing = delivery("b", 100.0, delivered=False, failure="HTTP 503", tried=2)
    given_up = delivery("c", 100.0, delivered=False, failure="HTTP 404", tried=9, settled_at=160.0)
    alarms = {each.id: each for each in to_alarms([under_way, failing, given_up])}
    assert {key: alarm.is_undelivered for key, alarm in alarms.items()} == {"a": False, "b": True, "c": True}
    assert alarms["c"].told == (Told("pager", "firing", "given up", 9, "HTTP 404", 100.0),)
    assert alarms["b"].told[0].outcome == "still tried"


def test_a_resolution_that_arrived_makes_up_for_an_alert_that_did_not() -> None:
    failed = delivery("a", 100.0, delivered=False, failure="superseded", settled_at=110.0)
    arrived = delivery("a", 110.0, state="resolved")
    (alarm,) = to_alarms([arrived, failed])
    assert not alarm.is_undelivered
    (alarm,) = to_alarms([arrived, delivery("a", 100.0, sink="chat", delivered=False, failure="HTTP 503")])
    assert alarm.is_undelivered


def test_an_alarm_whose_content_cannot_be_read_has_a_runbook_by_its_name() -> None:
    (alarm,) = to_alarms([delivery("a", 100.0, content="{")])
    assert (alarm.runbook, alarm.findings) == ("docs/runbooks/client-burst.md", ())


def test_a_resolution_that_was_left_out_is_no_failure() -> None:
    left_out = delivery(
        "a", 110.0, state="resolved", delivered=False, failure=FIRES_AGAIN, tried=1, settled_at=160.0
    )
    (alarm,) = to_alarms([left_out, delivery("a", 100.0)])
    assert not alarm.is_undelivered
    assert [each.outcome for each in alarm.told] == ["left out", "delivered"]


def test_what_fires_is_as_grave_as_any_sink_was_told() -> None:
    graver = delivery("a", 100.0, sink="chat", severity="critical", summary="far too many")
    (alarm,) = to_alarms([delivery("a", 120.0, severity="warning"), graver])
    assert (alarm.severity, alarm.summary) == ("critical", "far too many")
