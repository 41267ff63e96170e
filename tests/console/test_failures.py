"""What a failing store is to a caller."""

import errno
import sqlite3
from pathlib import Path

import pytest

from console.failures import failure_of, is_full
from console.store import Store
from tests.console.policies import Clock
from tests.console.stored import full_disk, locked


def test_a_full_disk_is_507_and_a_locked_store_503(tmp_path: Path) -> None:
    store = Store(tmp_path / "control.sqlite", Clock())
    with full_disk(store), pytest.raises(sqlite3.OperationalError) as full:
        store.revisions.set_seed("x" * 9_000, "r1")
    with locked(store), pytest.raises(sqlite3.OperationalError) as busy:
        store.set_loop("default", paused=True, reason="now")
    store.close()
    assert failure_of(full.value)[:2] == ("the disk is full", 507)
    assert failure_of(busy.value)[:2] == ("the store is locked", 503)


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), 507),
        (PermissionError(errno.EACCES, "Permission denied"), 500),
        (sqlite3.ProgrammingError("closed"), 503),
    ],
)
def test_each_failure_has_its_status_and_says_that_nothing_was_changed(
    failure: Exception, status: int
) -> None:
    title, told, detail = failure_of(failure)
    assert (told, is_full(failure)) == (status, status == 507)
    assert title
    assert "nothing was changed" in detail
