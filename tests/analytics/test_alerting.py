"""Incidents are told once, go on when they re-open soon, and are resolved with the same identity."""

import msgspec

from analytics.alerting import HELD_S, Incidents
from analytics.conditions import Condition
from kernel.findings import Observation
from tests.findings import burst

FINDING = burst("ip:192.0.2.1", 100.0, id="a", route="shop", summary="ten times as many")
OVER = msgspec.structs.replace(FINDING, closed_at=200.0)


def test_a_finding_is_told_once_and_resolved_with_the_same_labels() -> None:
    incidents = Incidents("default", resolve_after_s=60.0)
    (fired,) = incidents.take([FINDING], 106.0)
    assert incidents.take([FINDING], 107.0) == []
    assert incidents.take([OVER], 200.0) == []
    assert incidents.settle(259.0) == []
    (resolved,) = incidents.settle(260.0)
    assert (fired.state, resolved.state) == ("firing", "resolved")
    assert (fired.id, fired.labels) == (resolved.id, resolved.labels)
    assert resolved.ends_at == 200.0
    assert incidents.settle(400.0) == []


def test_findings_of_one_group_are_one_incident() -> None:
    other = msgspec.structs.replace(FINDING, id="b", identity="ip:192.0.2.2", key="ip:192.0.2.2")
    incidents = Incidents("default", resolve_after_s=60.0)
    assert len(incidents.take([FINDING, other], 106.0)) == 1
    incidents.take([OVER], 200.0)
    assert incidents.settle(900.0) == []


def test_an_incident_that_re_opens_soon_goes_on() -> None:
    again = msgspec.structs.replace(FINDING, id="b", onset=230.0)
    incidents = Incidents("default", resolve_after_s=60.0)
    incidents.take([FINDING, OVER], 200.0)
    assert incidents.take([again], 230.0) == []
    assert incidents.settle(300.0) == []


def test_a_restart_goes_on_with_what_was_told() -> None:
    (fired,) = Incidents("default", resolve_after_s=60.0).take([FINDING], 106.0)
    restarted = Incidents("default", resolve_after_s=60.0)
    restarted.restore([fired], [FINDING], 150.0)
    assert restarted.take([FINDING], 151.0) == []
    restarted.take([OVER], 200.0)
    (resolved,) = restarted.settle(260.0)
    assert resolved.id == fired.id


def test_what_opened_since_an_alert_was_told_keeps_it_firing_over_a_restart() -> None:
    other = msgspec.structs.replace(FINDING, id="b", identity="ip:192.0.2.2", key="ip:192.0.2.2")
    (fired,) = Incidents("default", resolve_after_s=60.0).take([FINDING], 106.0)
    restarted = Incidents("default", resolve_after_s=60.0)
    restarted.restore([fired], [other, OVER], 250.0)
    assert restarted.settle(900.0) == []


def test_what_was_over_before_it_was_seen_is_not_told() -> None:
    assert Incidents("default", resolve_after_s=60.0).take([OVER], 200.0) == []


def test_an_alert_says_what_was_seen_and_who() -> None:
    seen = msgspec.structs.replace(FINDING, evidence=(Observation("rate", 20.0, 2.0, "requests/s"),))
    other = msgspec.structs.replace(FINDING, id="b", identity="ip:192.0.2.2", severity="critical")
    incidents = Incidents("default", resolve_after_s=60.0)
    (fired,) = incidents.take([seen], 106.0)
    assert (fired.name, fired.severity, fired.observations) == ("client-burst", "warning", seen.evidence)
    assert fired.evidence == "ip:192.0.2.1"
    incidents.take([other], 107.0)
    (now,) = incidents.firing()
    assert (now.severity, now.evidence) == ("critical", "2 identities, among them ip:192.0.2.1, ip:192.0.2.2")


def test_the_newest_state_of_the_gravest_finding_is_told() -> None:
    incidents = Incidents("default", resolve_after_s=60.0)
    incidents.take([FINDING], 106.0)
    incidents.take([msgspec.structs.replace(FINDING, summary="twenty times as many")], 110.0)
    incidents.take([msgspec.structs.replace(FINDING, id="b", summary="another")], 111.0)
    assert [each.summary for each in incidents.firing()] == ["twenty times as many"]


def test_an_alert_whose_findings_are_forgotten_is_resolved_after_a_restart() -> None:
    (fired,) = Incidents("default", resolve_after_s=60.0).take([FINDING], 106.0)
    restarted = Incidents("default", resolve_after_s=60.0)
    restarted.restore([fired], [], 150.0)
    assert [each.id for each in restarted.settle(210.0)] == [fired.id]


LOST = Condition("telemetry-lost", {"worker": "w1"}, "critical", "a tenth is lost")
AWAY = msgspec.structs.replace(LOST, name="console-away", labels={})


def test_a_condition_is_told_once_it_has_held_for_a_while_and_over_once_it_is_absent() -> None:
    incidents = Incidents("default", resolve_after_s=60.0)
    assert incidents.hold([LOST], 100.0) == []
    assert incidents.hold([LOST, AWAY], 105.0) == []
    (fired,) = incidents.hold([LOST], 100.0 + HELD_S)
    assert (fired.name, fired.labels, fired.starts_at) == (
        "telemetry-lost",
        {"alertname": "telemetry-lost", "tenant": "default", "worker": "w1"},
        100.0,
    )
    assert incidents.hold([], 120.0) == []
    assert incidents.settle(179.0) == []
    (over,) = incidents.settle(180.0)
    assert (over.id, over.state, over.ends_at) == (fired.id, "resolved", 120.0)


def test_a_condition_that_comes_back_soon_goes_on_and_one_that_flickers_is_not_told() -> None:
    incidents = Incidents("default", resolve_after_s=60.0)
    incidents.hold([LOST], 0.0)
    assert len(incidents.hold([LOST], HELD_S)) == 1
    incidents.hold([], 20.0)
    assert incidents.hold([LOST], 30.0) == []
    assert incidents.settle(90.0) == []
    for at in (100.0, 110.0, 120.0):
        assert incidents.hold([AWAY], at) == []
        assert incidents.hold([], at + 5.0) == []


def test_a_condition_goes_on_over_a_restart() -> None:
    incidents = Incidents("default", resolve_after_s=60.0)
    incidents.hold([LOST], 0.0)
    (fired,) = incidents.hold([LOST], HELD_S)
    restarted = Incidents("default", resolve_after_s=60.0)
    restarted.restore([fired], [], 30.0)
    assert restarted.hold([LOST], 31.0) == []
    assert restarted.settle(200.0) == []
    restarted.hold([], 200.0)
    assert [each.id for each in restarted.settle(260.0)] == [fired.id]


def test_a_severity_that_rises_is_told_once_with_the_same_id() -> None:
    graver = msgspec.structs.replace(FINDING, severity="critical")
    incidents = Incidents("default", resolve_after_s=60.0)
    (fired,) = incidents.take([FINDING], 106.0)
    (raised,) = incidents.take([graver], 110.0)
    assert (raised.id, raised.state, raised.severity, raised.raised) == (fired.id, "firing", "critical", 1)
    assert fired.raised == 0
    assert incidents.take([graver], 111.0) == []
    assert incidents.take([FINDING], 112.0) == []  # it falls, and rises again to what was told
    assert incidents.take([graver], 113.0) == []


def test_a_condition_that_becomes_graver_is_told_again_and_over_as_grave_as_it_was() -> None:
    mild = msgspec.structs.replace(LOST, severity="warning")
    incidents = Incidents("default", resolve_after_s=60.0)
    incidents.hold([mild], 0.0)
    (fired,) = incidents.hold([mild], HELD_S)
    (raised,) = incidents.hold([LOST], 15.0)
    assert [(each.severity, each.raised) for each in (fired, raised)] == [("warning", 0), ("critical", 1)]
    assert incidents.hold([mild], 20.0) == []
    assert incidents.hold([LOST], 25.0) == []
    incidents.hold([], 30.0)
    (over,) = incidents.settle(90.0)
    assert (over.id, over.severity) == (fired.id, "critical")


def test_what_became_graver_while_nobody_looked_is_told_after_a_restart() -> None:
    graver = msgspec.structs.replace(FINDING, severity="critical")
    (fired,) = Incidents("default", resolve_after_s=60.0).take([FINDING], 106.0)
    restarted = Incidents("default", resolve_after_s=60.0)
    restarted.restore([fired], [graver], 150.0)
    assert [each.severity for each in restarted.firing()] == ["warning"]
    (raised,) = restarted.take([graver], 151.0)
    assert (raised.id, raised.severity, raised.raised) == (fired.id, "critical", 1)
    again = Incidents("default", resolve_after_s=60.0)
    again.restore([raised], [graver], 160.0)
    assert again.take([graver], 161.0) == []
