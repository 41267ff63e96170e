"""An approval ends where a change of the policy leaves nothing of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from console.facts import NotOpen
from console.state import ControlState, open_state
from kernel.control import Approve
from kernel.recommendations import Reviewed, patch_digest
from tests.console.policies import Clock
from tests.console.proposing import realised, recommendation

PROPOSED = recommendation()
SEEN = patch_digest(PROPOSED.patch)


@pytest.fixture
async def state(tmp_path: Path, policy: Path, clock: Clock) -> AsyncIterator[ControlState]:
    """With one recommendation that was approved for a minute."""
    opened = open_state(tmp_path / "control.sqlite", policy, clock)
    await opened.take_lease("a", 300)
    await opened.propose("a", (PROPOSED,))
    asked = Approve("enforce", "seen", SEEN, lasts_s=60)
    await opened.approve(PROPOSED.id, asked, author="ada", expected=opened.revision)
    yield opened
    await opened.close()


async def found(state: ControlState) -> Reviewed:
    (only,) = await state.recommendations()
    return only


async def test_a_rollback_ends_it_with_the_reason_and_it_may_be_proposed_again(
    state: ControlState, clock: Clock
) -> None:
    clock.now += 10
    first = (await state.revisions())[-1].revision
    await state.rollback(first, author="bob", reason="oops", expected=state.revision)
    ended = await found(state)
    assert (ended.state, ended.author) == ("withdrawn", "bob")
    assert ended.withdrawn_because == f"revision {first} has none of its rules (roll back policy: oops)"
    asked = Approve("enforce", "seen", SEEN)
    with pytest.raises(NotOpen, match="withdrawn already"):
        await state.approve(PROPOSED.id, asked, author="ada", expected=state.revision)
    told = [(each.author, each.what, each.object) for each in await state.audit()]
    assert ("bob", "end approval", PROPOSED.id) in told
    await state.propose("a", (PROPOSED,))
    assert (await found(state)).state == "open"
    (kept,) = await state.approvals(PROPOSED.id)
    assert (kept.ended_at, kept.why) == (1_010.0, ended.withdrawn_because)


async def test_a_policy_that_still_has_one_of_its_rules_does_not(state: ControlState) -> None:
    text = state._reading.text + "# a remark\n"
    await state.apply_policy(text, author="bob", reason="remark", expected=state.revision)
    assert (await found(state)).state == "approved"


async def test_what_was_undone_is_not_expired_later(state: ControlState, clock: Clock) -> None:
    first = (await state.revisions())[-1].revision
    await state.rollback(first, author="bob", reason="oops", expected=state.revision)
    clock.now += 100
    await state.expire_due()
    assert (await found(state)).state == "withdrawn"


async def test_promised_and_realised_harm_outlive_the_next_proposal(
    state: ControlState, clock: Clock
) -> None:
    await state.put_realised(PROPOSED.id, realised(PROPOSED.id))
    clock.now += 60
    await state.expire_due()
    await state.propose("a", (PROPOSED,))
    assert (await found(state)).approval is None
    (kept,) = await state.approvals()
    assert (kept.realised, kept.ended_at) == (realised(PROPOSED.id), 1_060.0)
    assert kept.approval.author == "ada"
    last = msgspec.structs.replace(realised(PROPOSED.id), until=1_060.0)
    await state.put_realised(PROPOSED.id, last)  # the account that closes it comes later
    (kept,) = await state.approvals()
    assert (kept.realised, (await found(state)).realised) == (last, None)
    before = msgspec.structs.replace(last, since=999.0)
    with pytest.raises(NotOpen, match="never approved then"):
        await state.put_realised(PROPOSED.id, before)
