"""A change of the policy file: what was approved holds on, and what the change undoes is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from console.policy_file import read_text
from console.state import ControlState, open_state
from console.taking import IN_THE_FILE, take
from kernel.check import read_policy
from kernel.compile import revision_of
from kernel.control import Approve, Undone
from kernel.patch import AddLimit, Patch, RemoveRule, SetRate
from kernel.policy import Limit, Policy
from kernel.recommendations import Reviewed, patch_digest
from tests.console.policies import ADAPTIVE, Clock
from tests.console.proposing import recommendation

PROPOSED = recommendation()
REMARK = ADAPTIVE + "# a remark\n"
OWN_RULE = ADAPTIVE.replace("limits:\n", "limits:\n  - {name: slow-down, rate: 3/s, burst: 3}\n")
NO_ROUTE = ADAPTIVE.replace("catalogue", "goods")


@pytest.fixture
async def state(tmp_path: Path, policy: Path, clock: Clock) -> AsyncIterator[ControlState]:
    """With one recommendation that was approved as a canary for a minute."""
    opened = open_state(tmp_path / "control.sqlite", policy, clock)
    await opened.take_lease("a", 300)
    await opened.propose("a", (PROPOSED,))
    asked = Approve("canary", "seen", patch_digest(PROPOSED.patch), canary=0.5, lasts_s=60)
    await opened.approve(PROPOSED.id, asked, author="ada", expected=opened.revision)
    yield opened
    await opened.close()


def rewrite(policy: Path, text: str) -> None:
    policy.write_text(text)


async def save(state: ControlState, policy: Path, text: str) -> list[str]:
    """Save the file, and what the log says of it."""
    told: list[str] = []
    rewrite(policy, text)
    await state.take_policy(state._file.read(), told.append)
    return told


def approved_rule(state: ControlState) -> Limit | None:
    return next((each for each in state._policy.limits if each.name == "slow-down"), None)


async def found(state: ControlState) -> Reviewed:
    (only,) = await state.recommendations()
    return only


async def test_a_remark_in_the_file_undoes_no_approval(state: ControlState, policy: Path) -> None:
    before = approved_rule(state)
    told = await save(state, policy, REMARK)
    assert approved_rule(state) == before
    assert before is not None
    assert (before.mode, before.canary) == ("canary", 0.5)
    assert told == [f"policy revision {state.revision} is in force, with 1 approved rule: slow-down"]
    now = await state.policy()
    assert "# a remark" in now.text
    assert (now.author, now.reason) == ("file", f"{policy} has changed, with 1 approved rule: slow-down")
    assert (await found(state)).state == "approved"
    status = await state.status()
    assert (status.file_revision, status.undone_by_file) == (revision_of(REMARK), Undone())


async def test_the_rule_that_held_on_ends_when_its_time_is_over(
    state: ControlState, policy: Path, clock: Clock
) -> None:
    await save(state, policy, REMARK)
    clock.now += 61
    await state.expire_due()
    assert (await found(state)).state == "expired"
    assert (await state.policy()).text == REMARK


async def test_a_rule_that_the_file_has_now_is_the_files(state: ControlState, policy: Path) -> None:
    told = await save(state, policy, OWN_RULE)
    assert (await state.policy()).text == OWN_RULE
    ended = await found(state)
    assert (ended.state, ended.author, ended.withdrawn_because) == ("withdrawn", "file", IN_THE_FILE)
    assert told[1] == f"slow-down (recommendation {PROPOSED.id}): {IN_THE_FILE}"
    assert (await state.status()).undone_by_file == Undone()


async def test_an_approval_that_no_longer_fits_ends_loudly(state: ControlState, policy: Path) -> None:
    told = await save(state, policy, NO_ROUTE)
    ended = await found(state)
    assert ended.state == "withdrawn"
    assert "no longer fits" in ended.withdrawn_because
    sentence = f"the file took out slow-down (recommendation {PROPOSED.id}): {ended.withdrawn_because}"
    assert told[1] == sentence
    assert (await state.status()).undone_by_file == Undone(taken_out=(sentence,))
    deeds = [(each.author, each.what, each.object) for each in await state.audit()]
    assert ("file", "end approval", PROPOSED.id) in deeds
    assert "it took out slow-down" in (await state.policy()).reason
    (kept,) = await state.approvals()
    assert (kept.ended_at, kept.why) == (1_000.0, ended.withdrawn_because)


async def test_what_the_file_undid_is_told_until_an_operator_changes_the_policy(
    state: ControlState, policy: Path
) -> None:
    await save(state, policy, NO_ROUTE)
    await state.apply_policy(ADAPTIVE, author="ada", reason="again", expected=state.revision)
    assert (await state.status()).undone_by_file == Undone()


async def test_a_written_revision_that_the_file_replaces_is_told(state: ControlState, policy: Path) -> None:
    text = (await state.policy()).text + "# by ada\n"
    await state.apply_policy(text, author="ada", reason="partners", expected=state.revision)
    told = await save(state, policy, REMARK)
    replaced = f"replaced revision {revision_of(text)}, by ada at 1970-01-01 00:16:40 UTC (partners)"
    assert told[1] == f"the file's change {replaced}"
    assert (await state.policy()).reason.endswith(f"; it {replaced}")
    assert (await state.status()).undone_by_file == Undone(replaced.removeprefix("replaced "))
    assert (await found(state)).state == "approved"
    assert len(await save(state, policy, REMARK + "# another\n")) == 1  # it is told once


async def test_the_same_is_so_where_the_file_changed_while_the_console_was_away(
    tmp_path: Path, state: ControlState, policy: Path, clock: Clock
) -> None:
    before = approved_rule(state)
    rewrite(policy, REMARK)
    again = open_state(tmp_path / "control.sqlite", policy, clock)
    assert approved_rule(again) == before
    assert (await found(again)).state == "approved"
    assert again.told_at_start == (
        f"policy revision {again.revision} is in force, with 1 approved rule: slow-down",
    )
    await again.close()
    rewrite(policy, NO_ROUTE)
    last = open_state(tmp_path / "control.sqlite", policy, clock)
    assert (await found(last)).state == "withdrawn"
    assert last.told_at_start[1:] == (await last.status()).undone_by_file.taken_out
    assert "the file took out slow-down" in last.told_at_start[1]
    assert (await last.policy()).author == "file"
    await last.close()


async def test_a_restart_without_a_change_makes_no_revision(
    tmp_path: Path, state: ControlState, policy: Path, clock: Clock
) -> None:
    await save(state, policy, REMARK)
    again = open_state(tmp_path / "control.sqlite", policy, clock)
    assert again.revision == state.revision
    assert len(await again.revisions()) == len(await state.revisions())
    await again.close()


async def test_what_an_operator_took_out_does_not_come_back_with_the_file(
    state: ControlState, policy: Path
) -> None:
    first = (await state.revisions())[-1].revision
    await state.rollback(first, author="bob", reason="oops", expected=state.revision)
    await save(state, policy, REMARK)
    assert (await state.policy()).text == REMARK


async def test_one_that_no_longer_fits_takes_no_other_with_it(state: ControlState) -> None:
    first = await found(state)
    other = approved(AddLimit(Limit(name="of-goods", rate=1.0, burst=2, routes=("goods",))), base=first)
    taking = take(NO_ROUTE, (first, other), None, 0.0)
    assert taking.rules == ("of-goods",)
    assert [(each.reviewed.recommendation.rules, each.is_lost) for each in taking.ended] == [
        (("slow-down",), True)
    ]


def policy_of(text: str) -> Policy:
    found = read_policy(text, "policy", 0.0).policy
    assert found is not None
    return found


def approved(*operations: AddLimit | SetRate | RemoveRule, base: Reviewed) -> Reviewed:
    proposed = msgspec.structs.replace(base.recommendation, patch=Patch("", operations))
    return msgspec.structs.replace(base, recommendation=proposed)


async def test_changes_of_the_files_own_rules_are_made_again(state: ControlState) -> None:
    both = approved(SetRate("fair", 5.0, 10), RemoveRule("fixed"), base=await found(state))
    before = take(ADAPTIVE, (both,), None, 0.0)
    assert before.rules == ("fair", "fixed")
    again = take(REMARK, (both,), policy_of(before.text), 0.0)
    assert again.text == before.text + "# a remark\n"
    own = take(before.text + "# taken over\n", (both,), policy_of(before.text), 0.0)
    assert [each.why for each in own.ended] == [IN_THE_FILE]
    assert read_text(own.text, "policy", 0.0).policy is not None
