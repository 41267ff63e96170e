"""Recommendations in the store."""

import msgspec
import pytest

from console.proposals import Proposals
from kernel.patch import Patch
from kernel.recommendations import State
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
    changed = msgspec.structs.replace(bare, patch=Patch("other", bare.patch.operations))
    (kept,) = proposals.propose("default", [changed], 1_020.0)
    assert kept.recommendation.replay is None
