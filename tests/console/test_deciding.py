"""What becomes of recommendations."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from console.facts import Changed, NotHeld, NotOpen, Objected, Stale, Unknown
from console.state import ControlState, open_state
from kernel.control import Approve
from kernel.patch import AddLimit, Patch, SetRate
from kernel.policy import Limit
from kernel.recommendations import Withdrawal, patch_digest
from tests.console.policies import Clock
from tests.console.proposing import realised, recommendation

WHICH = recommendation().id
SEEN = patch_digest(recommendation().patch)


@pytest.fixture
async def state(tmp_path: Path, policy: Path, clock: Clock) -> AsyncIterator[ControlState]:
    opened = open_state(tmp_path / "control.sqlite", policy, clock)
    await opened.take_lease("a", 300)
    await opened.propose("a", (recommendation(),))
    yield opened
    await opened.close()


def limits(state: ControlState) -> dict[str, Limit]:
    return {each.name: each for each in state._policy.limits}


async def approve(state: ControlState, mode: str = "enforce", lasts_s: int = 60) -> None:
    seen = (await state.recommendation(WHICH)).patch
    asked = {"mode": mode, "canary": 0.1, "lasts_s": lasts_s, "reason": "seen", "patch": seen}
    how = msgspec.convert(asked, Approve)
    await state.approve(WHICH, how, author="ada", expected=state.revision)


async def test_only_the_holder_of_the_lease_proposes_and_only_for_this_tenant(state: ControlState) -> None:
    with pytest.raises(NotHeld):
        await state.propose("b", (recommendation(),))
    with pytest.raises(Objected, match="another tenant"):
        await state.propose("a", (msgspec.structs.replace(recommendation(), tenant="other"),))


async def test_proposals_are_audited_when_they_are_new_or_change_something_else(
    state: ControlState, clock: Clock
) -> None:
    clock.now += 61  # past what is counted in one entry
    renewed = msgspec.structs.replace(recommendation(), confidence=0.95)
    await state.propose("a", (renewed,), author="of-analytics")
    other = recommendation(rule="slow-down-more")
    await state.propose("a", (other, recommendation("search")), author="of-analytics")
    told = [
        (each.author, each.object) for each in await state.audit() if each.what == "propose recommendation"
    ]
    assert told == [
        ("of-analytics", recommendation("search").id),
        ("of-analytics", WHICH),
        ("analytics", WHICH),
    ]


async def test_a_recommendation_shows_what_it_would_change(state: ControlState) -> None:
    assert "+  - name: slow-down" in (await state.recommendation(WHICH)).diff
    with pytest.raises(Unknown, match="nope"):
        await state.recommendation("nope")


async def test_one_that_no_longer_fits_says_why_and_is_not_approved(state: ControlState) -> None:
    gone = Patch("", (SetRate("no-such-rule", 1.0, 5),))
    await state.propose("a", (msgspec.structs.replace(recommendation(), patch=gone),))
    assert "no-such-rule" in (await state.recommendation(WHICH)).stale
    with pytest.raises(NotOpen, match="no-such-rule"):
        await approve(state)


@pytest.mark.parametrize(("mode", "canary"), [("shadow", 0.0), ("canary", 0.1), ("enforce", 0.0)])
async def test_an_approval_enters_the_chosen_mode_until_the_chosen_time(
    state: ControlState, mode: str, canary: float
) -> None:
    await approve(state, mode)
    rule = limits(state)["slow-down"]
    assert rule.expires_at is not None
    assert (rule.mode, rule.canary, rule.expires_at.timestamp()) == (mode, canary, 1_060.0)
    (approved,) = await state.recommendations("approved")
    assert approved.approval is not None
    assert (approved.approval.revision, approved.approval.author) == (state.revision, "ada")
    assert (await state.policy()).author == "ada"


async def test_an_approval_for_another_revision_changes_nothing(state: ControlState) -> None:
    with pytest.raises(Stale):
        await state.approve(WHICH, Approve("enforce", "seen", SEEN), author="ada", expected="older")
    assert [each.state for each in await state.recommendations()] == ["open"]


async def test_nothing_is_approved_that_the_operator_has_not_seen(state: ControlState) -> None:
    wider = Patch("", tuple(AddLimit(Limit(name=f"all-{n}", rate=0.1, burst=1)) for n in range(12)))
    await state.propose("a", (msgspec.structs.replace(recommendation(), patch=wider),))
    asked = Approve("enforce", "seen", SEEN)
    with pytest.raises(Changed, match="about 12 rules now"):
        await state.approve(WHICH, asked, author="ada", expected=state.revision)
    assert "all-0" not in limits(state)
    assert [each.state for each in await state.recommendations()] == ["open"]


async def test_the_same_change_on_another_base_is_what_was_seen(state: ControlState) -> None:
    rebased = Patch("newer", recommendation().patch.operations)
    await state.propose("a", (msgspec.structs.replace(recommendation(), patch=rebased),))
    await state.approve(WHICH, Approve("enforce", "seen", SEEN), author="ada", expected=state.revision)
    assert "slow-down" in limits(state)


@pytest.mark.parametrize(("mode", "lasts_s"), [("shadow", 0), ("canary", 0), ("enforce", 60)])
async def test_what_no_mode_and_no_expiry_can_hold_is_refused(
    state: ControlState, mode: str, lasts_s: int
) -> None:
    slower = Patch("", (SetRate("fixed", 0.5, 1),))
    await state.propose("a", (msgspec.structs.replace(recommendation(), patch=slower),))
    with pytest.raises(Objected, match=r"rule 'fixed'.*at once, on everybody and for ever"):
        await approve(state, mode, lasts_s)
    assert limits(state)["fixed"].rate == 100.0
    await approve(state, "enforce", 0)
    assert limits(state)["fixed"].rate == 0.5


async def test_what_was_decided_is_not_decided_again(state: ControlState) -> None:
    await state.reject(WHICH, "a partner", author="ada")
    with pytest.raises(NotOpen, match="rejected already"):
        await approve(state)
    (rejected,) = await state.recommendations("rejected")
    assert (rejected.rejected_because, rejected.author) == ("a partner", "ada")


async def test_approved_rules_go_when_their_time_is_over(state: ControlState, clock: Clock) -> None:
    before = state._reading.text
    await approve(state)
    await state.expire_due()
    assert "slow-down" in limits(state)
    clock.now = 1_060.0
    await state.expire_due()
    assert "slow-down" not in limits(state)
    assert state._reading.text == before
    assert (await state.policy()).author == "expiry"
    assert [each.state for each in await state.recommendations()] == ["expired"]


async def test_a_rule_that_was_prolonged_stays(state: ControlState, clock: Clock) -> None:
    await approve(state)
    text = "\n".join(line for line in state._reading.text.splitlines() if "1970-01-01" not in line) + "\n"
    await state.apply_policy(text, author="bob", reason="keep it", expected=state.revision)
    clock.now = 1_060.0
    await state.expire_due()
    assert "slow-down" in limits(state)


async def test_rules_expire_after_a_restart_too(
    state: ControlState, tmp_path: Path, policy: Path, clock: Clock
) -> None:
    await approve(state)
    clock.now = 2_000.0
    again = open_state(tmp_path / "control.sqlite", policy, clock)
    await again.expire_due()
    assert "slow-down" not in limits(again)
    await again.close()


async def test_what_was_approved_while_its_expiry_waited_stays_approved(
    state: ControlState, clock: Clock
) -> None:
    clock.now = 8_999.0
    asked = Approve("enforce", "seen", SEEN, lasts_s=3_600)
    async with state._revising:  # both wait for another change to end
        approving = asyncio.create_task(state.approve(WHICH, asked, author="ada", expected=state.revision))
        await asyncio.sleep(0)
        state._ends[WHICH] = 8_999.0  # it looks due
        expiring = asyncio.create_task(state.expire_due())
        await asyncio.sleep(0)
    await asyncio.gather(approving, expiring)
    assert [each.state for each in await state.recommendations()] == ["approved"]
    clock.now = 8_999.0 + 3_600
    await state.expire_due()
    assert [each.state for each in await state.recommendations()] == ["expired"]


async def test_an_approval_ends_after_a_restart_however_much_was_proposed_since(
    state: ControlState, tmp_path: Path, policy: Path, clock: Clock
) -> None:
    await approve(state)
    clock.now += 1
    many = tuple(recommendation(f"k{each}", rule=f"r{each}") for each in range(1_001))
    await state.propose("a", many)
    clock.now = 1_060.0
    again = open_state(tmp_path / "control.sqlite", policy, clock)
    await again.expire_due()
    assert (await again.recommendation(WHICH)).state == "expired"
    await again.close()


async def test_times_that_are_not_in_seconds_are_refused(state: ControlState) -> None:
    late = msgspec.structs.replace(recommendation("other"), expires_at=1.8e12)
    with pytest.raises(
        Objected, match=r"expires_at: 1\.8e\+12 is no time in seconds since 1970: is it in milli"
    ):
        await state.propose("a", (late,))


async def test_an_open_one_is_void_after_its_time(state: ControlState, clock: Clock) -> None:
    clock.now = 9_000.0
    with pytest.raises(NotOpen, match="void"):
        await approve(state)
    await state.expire_due()
    assert [each.state for each in await state.recommendations()] == ["expired"]


async def test_harm_is_realised_only_after_an_approval(state: ControlState, clock: Clock) -> None:
    with pytest.raises(NotOpen, match="never approved"):
        await state.put_realised(WHICH, realised(WHICH))
    await approve(state)
    await state.put_realised(WHICH, realised(WHICH))
    (approved,) = await state.recommendations("approved")
    assert approved.realised == realised(WHICH)
    for _ in range(5):  # told each ten seconds: one entry an hour
        clock.now += 10
        await state.put_realised(WHICH, realised(WHICH), author="of-analytics")
    last = (await state.audit())[0]
    assert (last.author, last.times) == ("of-analytics", 5)
    assert last.detail == "refused 1 attacking and 0 legitimate identities"


async def test_what_is_withdrawn_is_kept_with_its_reason_and_open_again_when_it_is_proposed_again(
    state: ControlState,
) -> None:
    over = (Withdrawal(WHICH, "it is over"), Withdrawal("nope", "never heard of"))
    with pytest.raises(NotHeld):
        await state.withdraw("b", over)
    await state.withdraw("a", over, author="analytics")
    (kept,) = await state.recommendations("withdrawn")
    assert (kept.withdrawn_because, kept.author) == ("it is over", "analytics")
    assert await state.recommendations("open") == ()
    with pytest.raises(NotOpen, match="withdrawn"):
        await approve(state)
    deeds = [(each.what, each.object, each.detail) for each in await state.audit()]
    assert ("withdraw recommendation", WHICH, "it is over") in deeds
    assert "nope" not in {which for _, which, _ in deeds}
    (again,) = await state.propose("a", (recommendation(),))
    assert (again.state, again.withdrawn_because) == ("open", "")


@pytest.mark.parametrize("decision", ["approved", "rejected"])
async def test_what_an_operator_decided_is_not_withdrawn(state: ControlState, decision: str) -> None:
    if decision == "approved":
        await approve(state)
    else:
        await state.reject(WHICH, "a partner", author="ada")
    (before,) = await state.recommendations()
    await state.withdraw("a", (Withdrawal(WHICH, "it is over"),))
    assert await state.recommendations() == (before,)
