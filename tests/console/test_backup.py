"""Copies of the store, and putting one back."""

from pathlib import Path

import pytest

from console.backup import NoBackup, restore
from console.store import Store
from tests.console.policies import Clock


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
    restore(copy, path)
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
        restore(copy, path)
    assert paused(path) == "now"
