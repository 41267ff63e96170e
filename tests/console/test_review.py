"""What `tidegate recommendations show` tells of a recommendation."""

import msgspec

from console.review import identities, lines_of, told
from kernel.control import ReviewInFull
from kernel.findings import Observation
from kernel.recommendations import Approval, Realised
from kernel.replays import Bound, CurvePoint, Disagreement, ReplayReport, RuleHarm, Split
from tests.console.recommended import recommendation

RULE = RuleHarm(
    rule="slow-down",
    kind="replayable",
    why="",
    attack=Split(900, 1),
    legitimate=Split(0, 0),
    refused_then=0,
    bound=Bound(0, 299, 0.00997),
    curve=(CurvePoint(2.0, 4, Split(900, 1), Split(3, 2), 0.02),),
    examples=(),
)
REPORT = ReplayReport(
    base="aaa",
    candidate="bbb",
    since=1_800_000_000.0,
    until=1_800_003_600.0,
    warmed_from=1_799_999_400.0,
    chosen_until=1_800_001_800.0,
    seen_attack=Split(1_000, 1),
    seen_legitimate=Split(50_000, 299),
    newly_attack=Split(900, 1),
    newly_legitimate=Split(0, 0),
    freed=Split(0, 0),
    rules=(RULE,),
    bound=Bound(0, 299, 0.00997),
    disagreement=Disagreement(51_000, 51),
    lost=0.0,
    took_s=0.3,
    caveats=("what a refused client would have done next is unknown",),
)


def review(**changed: object) -> ReviewInFull:
    found = ReviewInFull(recommendation(), "open", 1_800_000_000.0, diff="+  - name: slow-down\n")
    return msgspec.structs.replace(found, **changed)


def test_it_tells_why_what_changes_and_who() -> None:
    text = "\n".join(lines_of(review()))
    assert "+  - name: slow-down" in text
    assert "evidence: asked 40 times as often as its peers" in text
    assert "who: 1 identity: ip:192.0.2.7" in text
    assert "replay: none yet" in text


def test_it_tells_what_a_replay_says() -> None:
    about = msgspec.structs.replace(recommendation(), replay=REPORT)
    text = "\n".join(lines_of(review(recommendation=about)))
    assert "would newly refuse of attackers: 900 requests of 1 identity" in text
    assert "harm: 0 of 299 legitimate identities, at most 1.00% with 95% confidence" in text
    assert "disagrees in 0.10% of 51,000 decisions" in text
    assert "what it would refuse at other values:\n    2/s" in text
    assert "2/s  attacks 900 requests of 1 identity  others 3 requests of 2 identities" in text
    assert "note: what a refused client would have done next is unknown" in text


def test_it_tells_what_was_decided_and_what_came_of_it() -> None:
    approval = Approval("shadow", 0.0, 0.0, "ccc", None, 1_800_000_000.0, "ana", "looks right")
    realised = Realised("r", 1_800_000_000.0, 1_800_000_060.0, Split(10, 1), Split(0, 0), Bound(0, 0, 1.0))
    text = "\n".join(lines_of(review(approval=approval, realised=realised)))
    assert "approved by ana: looks right (mode shadow, for ever)" in text
    assert "harm: unknown, no legitimate identity was seen" in text
    assert "rejected by ben: no" in "\n".join(lines_of(review(rejected_because="no", author="ben")))
    withdrawn = review(withdrawn_because="it is over", author="analytics")
    assert "withdrawn by analytics: it is over" in "\n".join(lines_of(withdrawn))


def test_a_patch_that_no_longer_fits_is_told() -> None:
    text = "\n".join(lines_of(review(diff="", stale="there is a rule 'slow-down' already")))
    assert "it does not fit the policy in force: there is a rule 'slow-down' already" in text


def test_observations_stand_beside_what_was_expected() -> None:
    evidence = msgspec.structs.replace(
        recommendation().evidence, observations=(Observation("rate", 40.0, 1.0, "requests/s"),)
    )
    about = msgspec.structs.replace(recommendation(), evidence=evidence)
    assert "  rate: 40 requests/s, expected 1 requests/s" in list(lines_of(review(recommendation=about)))


def test_numbers_are_told_in_words() -> None:
    assert told(Split(1, 1)) == "1 request of 1 identity"
    assert identities(2_000) == "2,000 identities"
