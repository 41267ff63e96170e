import msgspec

from analytics.engine import Engine
from analytics.proposer import EVERY_S, REFRESH_S, Proposer
from kernel.recommendations import Recommendation
from tests.analytics.policies import policy
from tests.analytics.proposing import Witnessing
from tests.analytics.traffic import greedy, quiet, scanning, windows_of


class Play:
    """A proposer whose engine has found a greedy client and a scanner."""

    def __init__(self) -> None:
        self.witness = Witnessing()
        self.proposer = Proposer(self.witness)
        self.engine = Engine("default")
        windows = windows_of(
            sorted([*quiet(seconds=90, rate=120.0), *greedy(84.0, 90.0), *scanning(84.0, 90.0)])
        )
        self.now = float(windows[-1].second + 1)
        self.engine.advance(windows, windows[-1].second + 1, self.now)

    def look(self, *, later: float = 0.0, revision: str = "r1") -> tuple[Recommendation, ...]:
        self.now += later
        return self.proposer.look(self.now, self.engine, policy=policy(), revision=revision)


def test_a_finding_is_proposed_of_with_evidence() -> None:
    play = Play()
    found = play.look()
    assert {each.kind for each in found} == {"limit-client", "deny-scanner"}
    for each in found:
        assert each.evidence.identities == 1
        assert each.evidence.attributes
        assert each.evidence.samples
    (limited,) = (each for each in found if each.kind == "limit-client")
    assert limited.evidence.peers is not None
    assert 0 < limited.evidence.peers.p50 <= limited.evidence.peers.p999 < limited.evidence.peers.observed


def test_what_was_not_taken_is_told_again_and_what_was_is_not() -> None:
    play = Play()
    first = play.look()
    assert play.look(later=1.0) == ()
    again = play.look(later=EVERY_S)
    assert [each.id for each in again] == [each.id for each in first]
    play.proposer.told(again, play.now)
    assert play.look(later=EVERY_S) == ()


def test_what_somebody_reads_does_not_change_but_for_its_evidence() -> None:
    play = Play()
    first = play.look()
    play.proposer.told(first, play.now)
    later = play.look(later=REFRESH_S)
    for before, after in zip(first, later, strict=True):
        assert after.patch == before.patch
        assert msgspec.structs.replace(after, evidence=before.evidence) == before
        assert after.evidence.samples != before.evidence.samples


def test_another_policy_gets_proposals_on_its_base() -> None:
    play = Play()
    first = play.look()
    play.proposer.told(first, play.now)
    later = play.look(later=EVERY_S, revision="r2")
    assert {each.patch.base for each in later} == {"r2"}
    assert [each.created_at for each in later] == [each.created_at for each in first]


def test_the_warehouse_is_not_asked_at_every_look() -> None:
    play = Play()
    play.look()
    asked = len(play.witness.asked)
    play.look(later=EVERY_S)
    assert len(play.witness.asked) == asked
    play.look(later=REFRESH_S)
    assert len(play.witness.asked) == 2 * asked
