"""Recommendations in the store."""

from typing import get_args

import msgspec
import pytest

from console.proposals import KEPT_S, MOST_ENDED, MOST_LISTED, Proposals
from console.transaction import Transaction
from kernel.patch import Patch
from kernel.recommendations import Reviewed, State, patch_digest
from kernel.replays import Bound, Disagreement, ReplayReport, Split
from tests.console.proposing import recommendation
from tests.console.stored import connection


def test_proposing_again_updates_what_is_open() -> None:
    proposals = Proposals(connection())
    proposals.propose("default", [recommendation()], 1_000.0)
    surer = msgspec.structs.replace(recommendation(), confidence=0.99)
    (kept,) = proposals.propose("default", [surer], 1_010.0)
    assert (kept.recommendation.confidence, kept.state) == (0.99, "open")
    assert proposals.listed("default", "open") == (kept,)


def test_proposing_the_same_again_is_no_change() -> None:
    proposals = Proposals(connection())
    proposals.propose("default", [recommendation()], 1_000.0)
    proposals.propose("default", [recommendation()], 1_010.0)
    assert [each.changed_at for each in proposals.listed("default")] == [1_000.0]


@pytest.mark.parametrize(
    ("state", "after"), [("approved", "approved"), ("rejected", "rejected"), ("expired", "open")]
)
def test_what_was_decided_stays_and_what_expired_is_open_again(state: State, after: State) -> None:
    proposals = Proposals(connection())
    (kept,) = proposals.propose("default", [recommendation()], 1_000.0)
    proposals.put("default", msgspec.structs.replace(kept, state=state))
    (again,) = proposals.propose("default", [recommendation()], 1_010.0)
    found = proposals.find("default", kept.recommendation.id)
    assert found is not None
    assert (again.state, found.state) == (after, after)
    assert proposals.listed("other") == ()


def test_a_replay_stays_while_the_change_is_the_same() -> None:
    proposals = Proposals(connection())
    none = Split()
    report = ReplayReport(
        base="b",
        candidate="c",
        since=1.0,
        until=2.0,
        warmed_from=0.0,
        chosen_until=1.5,
        seen_attack=none,
        seen_legitimate=none,
        newly_attack=none,
        newly_legitimate=none,
        freed=none,
        rules=(),
        bound=Bound(0, 0, 1.0),
        disagreement=Disagreement(0, 0),
        lost=0.0,
        took_s=0.1,
        caveats=(),
    )
    with_replay = msgspec.structs.replace(recommendation(), replay=report)
    proposals.propose("default", [with_replay], 1_000.0)
    bare = msgspec.structs.replace(recommendation(), replay=None)
    (kept,) = proposals.propose("default", [bare], 1_010.0)
    assert kept.recommendation.replay == report
    of_another = msgspec.structs.replace(report, patch="0123456789abcdef")
    (kept,) = proposals.propose("default", [msgspec.structs.replace(bare, replay=of_another)], 1_015.0)
    assert kept.recommendation.replay == report
    changed = msgspec.structs.replace(bare, patch=Patch("other", bare.patch.operations))
    (kept,) = proposals.propose("default", [changed], 1_020.0)
    assert kept.recommendation.replay is None


def test_proposals_are_stored_all_or_none() -> None:
    proposals = Proposals(connection())
    unwritable = msgspec.structs.replace(recommendation("other"), id="\ud800")
    with pytest.raises(UnicodeEncodeError):
        proposals.propose("default", [recommendation(), unwritable], 1_000.0)
    assert proposals.listed("default") == ()


def test_every_one_that_is_open_or_approved_is_known_however_many_there_are() -> None:
    proposals = Proposals(connection())
    many = [recommendation(f"k{each}") for each in range(MOST_LISTED + 1)]
    proposals.propose("default", many, 1_000.0)
    proposals.put("default", Reviewed(recommendation(), "approved", 1_000.0))
    assert len(proposals.every("default", "open")) == MOST_LISTED + 1
    assert len(proposals.every("default", "approved", "open")) == MOST_LISTED + 2
    assert len(proposals.listed("default")) == MOST_LISTED


def test_what_has_ended_is_forgotten_in_the_end_and_what_was_rejected_is_not() -> None:
    proposals = Proposals(connection())
    for state in get_args(State):
        old = Reviewed(recommendation(state), state, 1_000.0)
        proposals.put("default", old)
    proposals.propose("default", [recommendation("new")], 1_000.0 + KEPT_S + 1)
    left = {each.recommendation.key for each in proposals.listed("default")}
    assert left == {"new", "open", "approved", "rejected"}


def test_of_what_has_ended_the_newest_are_kept() -> None:
    proposals = Proposals(connection())
    with Transaction(proposals._connection):
        for each in range(MOST_ENDED + 2):
            proposals.put("default", Reviewed(recommendation(f"k{each}"), "expired", 1_000.0 + each))
    proposals.propose("default", [recommendation("new")], 20_000.0)
    assert proposals.find("default", recommendation("k1").id) is None
    assert proposals.find("default", recommendation("k2").id) is not None


def test_one_of_an_earlier_version_tells_its_change_too() -> None:
    proposals = Proposals(connection())
    proposals.put("default", Reviewed(recommendation(), "open", 1_000.0))
    (found,) = proposals.listed("default")
    assert found.patch == patch_digest(recommendation().patch)
