"""The control endpoint's state, without HTTP: what a follower sees and when."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.facts import NotHeld, Objected, UnknownTenant, WrongPolicy
from console.policy_file import FileReading, read_policy_file
from console.state import ControlState, open_state
from console.tokens import digest_of
from kernel.control import AskToken, Following, PutJob
from kernel.replays import ReplayRequest
from tests.console.policies import ADAPTIVE, Clock, overlay

PATIENCE_S = 20.0
REQUEST = ReplayRequest(ADAPTIVE, 0.0, 1.0)


@pytest.fixture
async def state(tmp_path: Path, policy: Path, clock: Clock) -> AsyncIterator[ControlState]:
    opened = open_state(tmp_path / "control.sqlite", policy, clock)
    yield opened
    await opened.close()


def follow(state: ControlState) -> asyncio.Task[Following]:
    return asyncio.create_task(state.follow(state.revision, state.overlays_version, PATIENCE_S))


async def test_many_followers_are_woken_by_one_change(state: ControlState) -> None:
    await state.take_lease("a", 30)
    waiting = [follow(state) for _ in range(50)]
    await state.put_overlays("a", (overlay(),))
    assert {await each for each in waiting} == {
        Following("default", state.revision, "", state.overlays_version, (overlay(),))
    }


async def test_writing_the_same_overlays_again_wakes_nobody(state: ControlState) -> None:
    await state.take_lease("a", 30)
    version = await state.put_overlays("a", (overlay(),))
    assert await state.put_overlays("a", (overlay(),)) == version


async def test_a_lease_that_has_expired_gives_no_right(state: ControlState, clock: Clock) -> None:
    await state.take_lease("a", 30)
    clock.now += 31
    with pytest.raises(NotHeld, match="nobody holds it"):
        await state.put_overlays("a", (overlay(),))


async def test_an_overlay_that_has_expired_is_not_in_force_even_before_it_is_withdrawn(
    state: ControlState, clock: Clock
) -> None:
    await state.take_lease("a", 30)
    await state.put_overlays("a", (overlay(expires_at=1_010.0),))
    clock.now = 1_010.0
    assert state.in_force() == ()


async def test_expiry_is_told_to_who_waits(state: ControlState, clock: Clock) -> None:
    await state.take_lease("a", 30)
    expiring = asyncio.create_task(state.expire_overlays())
    await state.put_overlays("a", (overlay(expires_at=1_000.05),))
    waiting = follow(state)
    clock.now = 1_000.05
    assert (await waiting).overlays == ()
    expiring.cancel()


async def test_a_bad_overlay_changes_nothing(state: ControlState) -> None:
    await state.take_lease("a", 30)
    version = await state.put_overlays("a", (overlay(),))
    with pytest.raises(Objected):
        await state.put_overlays("a", (overlay(rate=1e9),))
    assert (state.overlays_version, state.in_force()) == (version, (overlay(),))


async def test_nobody_waits_for_a_process_that_ends(state: ControlState) -> None:
    waiting = follow(state)
    await state.release_followers()
    assert (await waiting).overlays == ()
    assert (await follow(state)).revision == state.revision


@pytest.fixture
def of_another_tenant(tmp_path: Path) -> Path:
    path = tmp_path / "other.yaml"
    path.write_text("tenant: other\n" + ADAPTIVE)
    return path


async def test_a_policy_of_another_tenant_is_refused(state: ControlState, of_another_tenant: Path) -> None:
    told: list[str] = []
    await state.take_policy(read_policy_file(of_another_tenant, 1_000.0), told.append)
    assert told[0].endswith("refused, the old one stays:")
    assert "tenant 'other' is not 'default'" in told[1]
    assert state.tenant == "default"


def rewritten(policy: Path, text: str) -> FileReading:
    policy.write_text(text)
    return read_policy_file(policy, 1_000.0)


async def test_each_problem_of_a_refused_policy_is_a_line_and_the_path_is_told_once(
    state: ControlState, policy: Path
) -> None:
    told: list[str] = []
    await state.take_policy(rewritten(policy, "colour: blue\nsize: 3\nroutes: []\n"), told.append)
    assert told[0] == f"policy {policy} refused, the old one stays:"
    assert len(told) > 2
    assert all(line.startswith("  ") and str(policy) not in line for line in told[1:])
    assert told[1].startswith("  1:1 ")


async def test_followers_are_written_down_when_they_change_or_after_a_while(
    state: ControlState, clock: Clock
) -> None:
    state.see("p1", "r1", 1)
    clock.now += 1
    state.see("p1", "r1", 1)
    assert [each.seen_at for each in (await state.status()).proxies] == [1_000.0]
    state.see("p1", "r2", 1)
    assert [each.revision for each in (await state.status()).proxies] == ["r2"]


async def test_another_tenant_is_not_known(state: ControlState) -> None:
    with pytest.raises(UnknownTenant, match="serves tenant 'default'"):
        state.require("other")


async def test_a_broken_policy_is_no_start(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "broken.yaml").write_text("routes: 1\n")
    with pytest.raises(WrongPolicy, match=r"broken\.yaml:1"):
        open_state(tmp_path / "control.sqlite", tmp_path / "broken.yaml", clock)


async def test_a_job_whose_worker_falls_silent_is_anothers_and_the_first_learns_it(
    state: ControlState, clock: Clock
) -> None:
    job = await state.ask_job(REQUEST, author="ada")
    await state.claim_job("w1")
    clock.now += 31
    again = await state.claim_job("w2")
    assert again is not None
    assert again.id == job.id
    with pytest.raises(NotHeld, match="not 'w1'"):
        await state.put_job(job.id, PutJob("w1", "running", 0.5))
    done = await state.put_job(job.id, PutJob("w2", "done", 1.0))
    assert (await state.cancel_job(job.id, author="ada")) == done
    told = [(each.author, each.what, each.detail) for each in await state.audit()]
    assert told[:3] == [
        ("analytics", "end replay", "done"),
        ("analytics", "work on replay", "w2"),
        ("ada", "ask for replay", ""),
    ]


async def test_secrets_and_ids_are_drawn_from_what_the_process_is_given(
    tmp_path: Path, policy: Path, clock: Clock
) -> None:
    drawn = open_state(tmp_path / "control.sqlite", policy, clock, random_bytes=lambda size: b"\x07" * size)
    made = await drawn.make_token(AskToken("ci", "viewer", 60), author="ada")
    assert (made.secret, made.id) == ("07" * 16, "07" * 8)
    assert (await drawn.ask_job(REQUEST, author="ada")).id == "07" * 8
    await drawn.close()


async def test_tokens_and_revoked_keys_outlive_the_process(
    tmp_path: Path, policy: Path, clock: Clock
) -> None:
    before = open_state(tmp_path / "control.sqlite", policy, clock)
    made = await before.make_token(AskToken("ci", "viewer", 60), author="ada")
    await before.revoke_key("ab" * 32, "leaked", author="ada")
    await before.close()
    after = open_state(tmp_path / "control.sqlite", policy, clock)
    (issued,) = after.issued()
    assert (issued.token.id, issued.digest) == (made.id, digest_of(made.secret))
    assert (await after.follow("", -1, 0.0)).revoked == ("ab" * 32,)
    await after.close()
    assert made.secret not in (tmp_path / "control.sqlite").read_bytes().decode("latin-1")


@pytest.mark.parametrize(
    "name", ["file", "expiry", "policy", "analytics", "proxy", "admin", "keyring", "File"]
)
async def test_nobody_is_called_like_what_acts_by_itself(state: ControlState, name: str) -> None:
    with pytest.raises(Objected, match="is reserved"):
        await state.make_token(AskToken(name, "operator"), author="ada")
    assert state.issued() == ()


async def test_a_write_of_somebody_called_file_is_not_taken_for_the_file(
    state: ControlState, policy: Path
) -> None:
    text = ADAPTIVE + "# of an older token\n"
    await state.apply_policy(text, author="file", reason="x", expected=state.revision)
    revision = state.revision
    await state.take_policy(read_policy_file(policy, 0.0), lambda line: None)
    assert state.revision == revision  # the file is as it was taken: no news


async def test_a_replay_of_times_in_milliseconds_is_refused(state: ControlState) -> None:
    with pytest.raises(Objected, match=r"since: .*; until: .* milliseconds"):
        await state.ask_job(ReplayRequest(ADAPTIVE, 1.7e12, 1.8e12), author="ada")
    assert await state.jobs() == ()


async def test_a_replay_that_no_worker_could_begin_is_refused_with_every_reason(state: ControlState) -> None:
    with pytest.raises(Objected) as objected:
        await state.ask_job(ReplayRequest("colour: blue\n", 0.0, 1.0, base="n0ne"), author="ada")
    base, *problems = objected.value.reasons
    assert base == "base: there is no revision 'n0ne'"
    assert problems[0].startswith("policy:1:1")
    assert await state.jobs() == ()
    assert (await state.ask_job(ReplayRequest(ADAPTIVE, 0.0, 1.0, base=state.revision), author="ada")).id
