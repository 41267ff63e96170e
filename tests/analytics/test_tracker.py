import msgspec

from analytics.detector import Card, Scored, Signal
from analytics.tracker import ABANDONED_S, Tracker, confidence_of
from kernel.findings import Finding, Observation, finding_id

LOUD = Card("D1", "client-burst", "", (), silence_is_calm=True, adopted_after_s=86_400, summary="")
SERIES = Card("D16", "error-burst", "", (), silence_is_calm=False, adopted_after_s=100, summary="")


QUIET_S = LOUD.quiet_s


def signal(onset: int, *, ripe: bool = True, score: float = 12.0, key: str = "a", group: str = "") -> Signal:
    evidence = (Observation("rate", score, 1.0, "requests/s"),)
    return Signal(key, "kind", ripe, score, onset, "r", key, group, "warning", "much", evidence)


def tracker() -> Tracker:
    return Tracker("t", [LOUD, SERIES])


def told(by: Tracker, second: int, *signals: Signal, number: str = "D1") -> list[Finding]:
    return by.advance(second, {number: Scored(tuple(signals))}, float(second))


def test_a_finding_opens_once_and_only_when_ripe() -> None:
    findings = tracker()
    assert told(findings, 10, signal(10, ripe=False)) == []
    (opened,) = told(findings, 11, signal(10))
    assert opened.id == finding_id("t", "D1", "a", 10.0)
    assert (opened.onset, opened.window_end, opened.closed_at) == (10.0, 12.0, 0.0)
    assert told(findings, 12, signal(12)) == []


def test_it_is_kept_open_by_weaker_signals_and_closes_when_they_stop() -> None:
    findings = tracker()
    told(findings, 10, signal(10))
    for second in range(11, 40):
        told(findings, second, signal(second, ripe=False, score=3.0))
    assert findings.open
    (closed,) = findings.expire(39 + 1 + QUIET_S, 0.0)
    assert closed.closed_at == 39 + 1 + QUIET_S


def test_each_detector_has_a_quiet_time_of_its_own() -> None:
    patient = Tracker("t", [msgspec.structs.replace(LOUD, quiet_s=60)])
    told(patient, 10, signal(10))
    assert patient.expire(11 + QUIET_S, 0.0) == []
    told(patient, 60, signal(60, ripe=False, score=3.0))
    assert patient.expire(200, 0.0)[0].closed_at == 61 + 60


def test_the_severity_rises_and_does_not_fall() -> None:
    findings = tracker()
    told(findings, 10, signal(10))
    (graver,) = told(findings, 20, signal(20)._replace(severity="critical", summary="more"))
    (later,) = told(findings, 30, signal(30)._replace(summary="less"))
    assert (graver.severity, later.severity) == ("critical", "critical")


def test_when_it_closed_does_not_depend_on_when_somebody_looked() -> None:
    early, late = tracker(), tracker()
    told(early, 10, signal(10))
    told(late, 10, signal(10))
    (soon,) = early.expire(11 + QUIET_S, 0.0)
    (later,) = late.expire(5_000, 0.0)
    assert soon == later


def test_a_series_is_over_when_it_is_calm_not_when_it_is_silent() -> None:
    findings = tracker()
    told(findings, 10, signal(10), number="D16")
    assert findings.expire(10 + ABANDONED_S - 1, 0.0) == []
    findings.advance(20, {"D16": Scored((), frozenset({"a"}))}, 0.0)
    assert findings.expire(20 + QUIET_S, 0.0)[0].closed_at == 20 + QUIET_S


def test_a_series_of_which_nothing_is_heard_is_abandoned() -> None:
    findings = tracker()
    told(findings, 10, signal(10), number="D16")
    assert findings.expire(10 + ABANDONED_S, 0.0)


def test_one_incident_is_one_finding() -> None:
    findings = tracker()
    told(findings, 10, signal(10, key="route:a", group="shop"), number="D16")
    assert told(findings, 11, signal(10, key="route:b", group="shop"), number="D16") == []
    assert told(findings, 11, signal(10, key="route:c", group="other"), number="D16")


def test_a_route_that_was_slow_before_does_not_hide_the_whole_upstream() -> None:
    findings = tracker()
    told(findings, 10, signal(10, key="route:a", group="shop"), number="D16")
    assert told(findings, 12, signal(12, key="upstream:shop", group="shop"), number="D16") == []
    (whole,) = told(findings, 22, signal(20, key="upstream:shop", group="shop"), number="D16")
    assert whole.key == "upstream:shop"
    assert told(findings, 23, signal(20, key="route:b", group="shop"), number="D16") == []


def test_what_gets_much_worse_is_told_at_once() -> None:
    findings = tracker()
    told(findings, 10, signal(10))
    (worse,) = told(findings, 11, signal(11, score=40.0))
    assert (worse.score, worse.onset) == (40.0, 10.0)


def test_a_known_finding_keeps_its_time_and_is_not_told_again() -> None:
    first = tracker()
    (opened,) = told(first, 10, signal(10))
    again = tracker()
    again.restore([msgspec.structs.replace(opened, found_at=99.0)])
    assert told(again, 10, signal(10)) == []
    assert again.open[0].found_at == 99.0


def test_a_closed_finding_is_not_opened_again_by_a_rerun() -> None:
    first = tracker()
    told(first, 10, signal(10))
    (closed,) = first.expire(100, 0.0)
    again = tracker()
    again.restore([closed])
    assert told(again, 10, signal(10)) == []
    assert again.expire(100, 0.0) == []


def test_the_warm_up_leaves_only_what_was_known() -> None:
    findings = tracker()
    known = told(tracker(), 5, signal(5, key="b"))[0]
    findings.restore([known])
    told(findings, 10, signal(10, key="new"))
    findings.resume(20)
    assert [each.key for each in findings.open] == ["b"]


def test_a_series_that_is_calm_after_a_long_silence_ended_before_it() -> None:
    findings = tracker()
    told(findings, 10, signal(10), number="D16")
    findings.advance(400, {"D16": Scored((), frozenset({"a"}))}, 0.0)
    (closed,) = findings.expire(401, 0.0)
    assert closed.closed_at == 11 + QUIET_S


def held(onset: int, *, key: str = "a") -> Finding:
    """A finding that the warehouse holds open."""
    return told(tracker(), onset, signal(onset, key=key))[0]


def test_what_is_open_in_the_warehouse_goes_on_where_its_key_does() -> None:
    findings, before = tracker(), held(100)
    findings.restore([before])
    assert findings.resume(130, since=0) == []
    (again,) = told(findings, 131, signal(103, score=40.0))  # after a restart the onset looks another
    assert (again.id, again.onset, again.found_at) == (before.id, before.onset, before.found_at)
    assert again.score == 40.0
    (closed,) = findings.expire(1_000, 0.0)
    assert (closed.id, closed.closed_at) == (before.id, 132 + QUIET_S)


def test_what_is_open_in_the_warehouse_and_seen_no_more_is_closed_where_it_ended() -> None:
    findings, before = tracker(), held(100)
    findings.restore([before])
    findings.resume(130, since=0)
    (closed,) = findings.expire(1_000, 0.0)
    assert (closed.id, closed.closed_at) == (before.id, before.window_end + QUIET_S)
    assert not findings.mask(140, 145).keys


def test_what_ended_while_it_warmed_up_is_told() -> None:
    findings, before = tracker(), held(100)
    findings.restore([before])
    told(findings, 100, signal(100))
    findings.expire(120, 0.0)
    (closed,) = findings.resume(130, since=0)
    assert (closed.id, closed.closed_at) == (before.id, 101 + QUIET_S)
    assert findings.expire(1_000, 0.0) == []


def test_of_two_open_findings_about_a_key_one_goes_on() -> None:
    findings, older, newer = tracker(), held(100), held(120)
    findings.restore([older, newer])
    for second in range(120, 130):
        told(findings, second, signal(second))
    assert findings.resume(130, since=0) == []
    told(findings, 130, signal(130, ripe=False, score=3.0))
    (closed,) = findings.expire(130 + QUIET_S, 0.0)
    assert closed.id == older.id
    assert [each.id for each in findings.open] == [newer.id]


def test_what_began_before_the_warm_up_goes_on_after_it() -> None:
    findings, before = tracker(), held(100)
    findings.restore([before])
    assert findings.resume(900, since=180) == []
    assert [each.id for each in findings.open] == [before.id]
    assert findings.expire(1_000, 0.0)[0].closed_at == 900 + QUIET_S


def test_what_no_detector_watches_any_more_is_closed() -> None:
    findings, before = tracker(), msgspec.structs.replace(held(100), detector="D17")
    findings.restore([before])
    assert findings.resume(130, since=120) == []
    assert not findings.mask(110, 130).keys
    assert [each.id for each in findings.expire(1_000, 0.0)] == [before.id]


def test_the_mask_holds_what_was_decided_by_then() -> None:
    findings = tracker()
    told(findings, 12, signal(10))
    assert findings.mask(11, 16).holds("D1", "a")
    assert not findings.mask(9, 14).holds("D1", "a")
    assert not findings.mask(11, 12).holds("D1", "a")


def test_the_mask_gives_a_lasting_change_up() -> None:
    findings = tracker()
    told(findings, 10, signal(10), number="D16")
    assert findings.mask(50, 55).holds("D16", "a")
    assert not findings.mask(200, 205).holds("D16", "a")


def test_confidence_grows_with_the_score() -> None:
    assert [confidence_of(score) for score in (3.0, 6.0, 12.0, 30.0)] == [0.5, 0.5, 0.75, 0.9]


def test_what_ended_is_known_whether_seen_here_or_restored() -> None:
    findings = tracker()
    told(findings, 100, signal(100))
    (closed,) = findings.expire(101 + QUIET_S, 0.0)
    before = msgspec.structs.replace(closed, id="before", closed_at=50.0)
    findings.restore([before])
    assert {each.id for each in findings.ended(40.0)} == {closed.id, "before"}
    assert [each.id for each in findings.ended(50.0)] == [closed.id]
