import msgspec

from analytics.detector import Card, Scored, Signal
from analytics.tracker import ABANDONED_S, QUIET_S, Tracker, confidence_of
from kernel.findings import Finding, Observation, finding_id

LOUD = Card("D1", "client-burst", "", (), silence_is_calm=True, adopted_after_s=86_400, summary="")
SERIES = Card("D16", "error-burst", "", (), silence_is_calm=False, adopted_after_s=100, summary="")


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
