"""How the policy changes: file, write, rollback, restart."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.facts import Objected, Stale, Unknown
from console.policy_file import read_policy_file
from console.revising import Revising
from console.state import open_state
from kernel.compile import revision_of
from tests.console.policies import ADAPTIVE, LONGER, Clock, lengthen, overlay
from tests.console.stored import locked

CHANGED = ADAPTIVE.replace("burst: 20", "burst: 30")
OTHER = ADAPTIVE.replace("burst: 20", "burst: 40")


@pytest.fixture
async def state(tmp_path: Path, policy: Path, clock: Clock) -> AsyncIterator[Revising]:
    opened = open_state(tmp_path / "control.sqlite", policy, clock)
    yield opened
    await opened.close()


def rewrite(path: Path, text: str) -> None:
    path.write_text(text)


async def change(state: Revising, text: str) -> None:
    await state.apply_policy(text, author="ada", reason="more", expected=state.revision)


async def test_the_file_seeds_the_first_revision(state: Revising) -> None:
    (first,) = await state.revisions()
    assert (first.number, first.revision, first.parent, first.author) == (
        1,
        revision_of(ADAPTIVE),
        "",
        "file",
    )


async def test_a_write_is_in_force_with_its_author_and_reason(state: Revising) -> None:
    await change(state, CHANGED)
    now = await state.policy()
    assert (now.text, now.author, now.reason) == (CHANGED, "ada", "more")
    assert (await state.follow("", -1, 0.0)).policy == CHANGED
    assert "+    burst: 30" in (await state.revision_of(now.revision)).diff


async def test_a_write_for_another_revision_changes_nothing(state: Revising) -> None:
    await change(state, CHANGED)
    with pytest.raises(Stale, match=revision_of(CHANGED)):
        await state.apply_policy(OTHER, author="bob", reason="", expected=revision_of(ADAPTIVE))
    assert state.revision == revision_of(CHANGED)


@pytest.mark.parametrize("text", ["routes: 3", ADAPTIVE + "tenant: other\n"])
async def test_a_text_that_cannot_be_loaded_is_refused_with_reasons(state: Revising, text: str) -> None:
    with pytest.raises(Objected) as refused:
        await change(state, text)
    assert refused.value.reasons
    assert len(await state.revisions()) == 1


async def test_a_rollback_is_a_new_revision_of_an_old_text(state: Revising) -> None:
    first = state.revision
    await change(state, CHANGED)
    await state.rollback(first, author="bob", reason="worse", expected=state.revision)
    assert [each.revision for each in await state.revisions()] == [first, revision_of(CHANGED), first]
    with pytest.raises(Unknown, match="nope"):
        await state.rollback("nope", author="bob", reason="", expected=first)


async def test_checking_tells_problems_and_a_diff_and_changes_nothing(state: Revising) -> None:
    checked = await state.check_policy(CHANGED)
    assert checked.good
    assert "+    burst: 30" in checked.diff
    assert not (await state.check_policy("routes: 3")).good
    assert len(await state.revisions()) == 1


@pytest.mark.parametrize(("file", "in_force"), [(ADAPTIVE, CHANGED), (OTHER, OTHER)])
async def test_after_a_restart_the_newest_revision_stands_unless_the_file_has_changed(
    tmp_path: Path, policy: Path, clock: Clock, file: str, in_force: str
) -> None:
    before = open_state(tmp_path / "control.sqlite", policy, clock)
    await change(before, CHANGED)
    await before.close()
    rewrite(policy, file)
    after = open_state(tmp_path / "control.sqlite", policy, clock)
    assert (await after.policy()).text == in_force
    await after.close()


async def test_a_file_that_is_written_again_unchanged_undoes_no_write(state: Revising, policy: Path) -> None:
    await change(state, CHANGED)
    await state.take_policy(read_policy_file(policy, 1_000.0), lambda line: None)
    assert state.revision == revision_of(CHANGED)


async def test_a_file_that_was_broken_meanwhile_does_not_stop_a_restart(
    tmp_path: Path, policy: Path, clock: Clock
) -> None:
    before = open_state(tmp_path / "control.sqlite", policy, clock)
    await change(before, CHANGED)
    await before.close()
    rewrite(policy, "routes: 3")
    after = open_state(tmp_path / "control.sqlite", policy, clock)
    assert (await after.policy()).text == CHANGED
    assert after._file.has_changed()
    await after.close()


async def test_what_a_policy_that_changed_meanwhile_does_not_allow_is_withdrawn_at_the_start(
    tmp_path: Path, policy: Path, clock: Clock
) -> None:
    before = open_state(tmp_path / "control.sqlite", policy, clock)
    await before.take_lease("a", 300)
    version = await before.put_overlays("a", (overlay("ip:192.0.2.7"), overlay("ip:192.0.2.8")))
    await before.close()
    rewrite(policy, ADAPTIVE.replace('"10.0.0.0/8"', '"10.0.0.0/8", "192.0.2.8"'))
    after = open_state(tmp_path / "control.sqlite", policy, clock)
    assert [each.identity for each in after.in_force()] == ["ip:192.0.2.7"]
    assert after.overlays_version > version
    assert "ip:192.0.2.8: not allowed by the policy" in (await after.audit())[0].detail
    await after.close()


async def test_a_file_that_could_not_be_stored_is_taken_when_it_can_be(state: Revising, policy: Path) -> None:
    before = state.revision
    lengthen(policy)
    with locked(state._store), pytest.raises(sqlite3.OperationalError, match="locked"):
        await state.watch_policy(print)
    watching = asyncio.create_task(state.watch_policy(print))
    followed = await state.follow(before, state.overlays_version, 20.0)
    assert followed.revision == revision_of(LONGER)
    watching.cancel()
