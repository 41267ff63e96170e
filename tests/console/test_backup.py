"""Copies of the store, and putting one back."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from console.backup import NoBackup, restore
from console.state import open_state
from console.store import Store
from tests.console.policies import ADAPTIVE, Clock, overlay

NOW = 5_000.0


def paused(path: Path) -> str:
    store = Store(path, Clock())
    reason = store.loop("default").reason
    store.close()
    return reason


def test_a_backup_of_a_store_in_use_is_restored_and_the_newer_state_kept_beside(tmp_path: Path) -> None:
    path, copy = tmp_path / "control.sqlite", tmp_path / "backups" / "one.sqlite"
    store = Store(path, Clock())
    store.set_loop("default", paused=True, reason="then")
    assert store.back_up(copy) == copy.stat().st_size
    store.set_loop("default", paused=True, reason="later")
    store.close()
    assert copy.stat().st_mode & 0o777 == 0o600
    restore(copy, path, now=NOW)
    assert paused(path) == "then"
    assert paused(path.with_name("control.sqlite.before")) == "later"


@pytest.mark.parametrize("content", [None, b"no database at all, but long enough to be looked at", b""])
def test_what_is_no_backup_is_refused_and_changes_nothing(tmp_path: Path, content: bytes | None) -> None:
    path, copy = tmp_path / "control.sqlite", tmp_path / "copy.sqlite"
    store = Store(path, Clock())
    store.set_loop("default", paused=True, reason="now")
    store.close()
    if content is not None:
        copy.write_bytes(content)
    with pytest.raises(NoBackup, match=r"copy\.sqlite"):
        restore(copy, path, now=NOW)
    assert paused(path) == "now"


def test_a_restored_store_repeats_no_version_that_proxies_may_have(tmp_path: Path) -> None:
    path, copy = tmp_path / "control.sqlite", tmp_path / "copy.sqlite"
    store = Store(path, Clock())
    store.version("default")
    store.back_up(copy)
    seen = store.replace_overlays("default", [overlay()])
    store.close()
    restore(copy, path, now=NOW)
    again = Store(path, Clock())
    assert again.version("default") > max(seen, NOW)
    again.close()


async def test_a_backup_under_load_restores_one_moment_of_it(
    tmp_path: Path, policy: Path, clock: Clock
) -> None:
    state = open_state(tmp_path / "control.sqlite", policy, clock)

    async def write() -> None:
        for number in range(30):
            text = f"{ADAPTIVE}# {number}\n"
            await state.apply_policy(text, author="ada", reason="load", expected=state.revision)

    writing = asyncio.create_task(write())
    while len(await state.revisions()) < 10:
        pass
    made = await state.back_up(author="bob")
    head = (await state.revisions())[0]
    await writing
    history = await state.revisions()
    await state.close()
    (tmp_path / "elsewhere").mkdir()
    restore(Path(made.path), tmp_path / "elsewhere" / "control.sqlite", now=NOW)

    again = open_state(tmp_path / "elsewhere" / "control.sqlite", policy, clock)
    kept = await again.revisions()
    assert 10 <= kept[0].number <= head.number < history[0].number
    assert kept == history[-len(kept) :]
    assert (await again.policy()).revision == kept[0].revision
    audited = [each.object for each in await again.audit() if each.what == "apply policy"]
    assert audited == [each.revision for each in kept]
    await again.close()


@pytest.mark.parametrize("name", ["a#b.sqlite", "a?mode=rw.sqlite", "100%25.sqlite", "käse und wein.sqlite"])
def test_a_backup_of_any_name_is_restored(tmp_path: Path, name: str) -> None:
    path, copy = tmp_path / "control.sqlite", tmp_path / name
    store = Store(path, Clock())
    store.set_loop("default", paused=True, reason="then")
    store.back_up(copy)
    store.close()
    restore(copy, path, now=NOW)
    assert paused(path) == "then"


def test_no_restore_overwrites_the_store_that_an_earlier_one_put_aside(tmp_path: Path) -> None:
    path, copy = tmp_path / "control.sqlite", tmp_path / "copy.sqlite"
    store = Store(path, Clock())
    store.back_up(copy)
    store.set_loop("default", paused=True, reason="first")
    store.close()
    aside = [restore(copy, path, now=NOW), restore(copy, path, now=NOW), restore(copy, path, now=NOW)]
    assert aside == [path.with_name("control.sqlite.before" + number) for number in ("", ".2", ".3")]
    assert aside[0] is not None
    assert paused(aside[0]) == "first"


def test_a_backup_that_fails_leaves_nothing_and_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "control.sqlite"
    store = Store(path, Clock())
    (tmp_path / "copy.sqlite").mkdir()  # no file can take its place
    with pytest.raises(OSError, match=r"copy\.sqlite"):
        store.back_up(tmp_path / "copy.sqlite")
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.back_up(tmp_path / "other.sqlite")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["control.sqlite", "copy.sqlite"]
