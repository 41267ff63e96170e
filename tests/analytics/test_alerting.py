"""Incidents are told once, go on when they re-open soon, and are resolved with the same identity."""

import msgspec

from analytics.alerting import Incidents
from kernel.findings import Finding

FINDING = Finding(
    id="a",
    tenant="default",
    detector="D1",
    kind="client-burst",
    key="ip:192.0.2.1",
    route="shop",
    identity="ip:192.0.2.1",
    severity="warning",
    onset=100.0,
    window_end=105.0,
    found_at=106.0,
    closed_at=0.0,
    score=9.0,
    confidence=0.9,
    summary="ten times as many",
    evidence=(),
)
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


def test_what_was_over_before_it_was_seen_is_not_told() -> None:
    assert Incidents("default", resolve_after_s=60.0).take([OVER], 200.0) == []
