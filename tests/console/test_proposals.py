"""Recommendations in the store."""

import msgspec
import pytest

from console.proposals import Proposals
from kernel.recommendations import State
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
