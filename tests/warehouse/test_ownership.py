"""Who holds a data directory."""

import fcntl
from pathlib import Path

from warehouse.ownership import Owner, owner_of

STATUS = "PID: 4242\nStarted at: 2026-11-24 04:18:40\nRevision: 54515\n"


def test_a_directory_that_was_never_opened_has_no_owner(tmp_path: Path) -> None:
    assert owner_of(tmp_path) is None
    (tmp_path / "status").write_text("")
    assert owner_of(tmp_path) is None


def test_a_lock_without_a_holder_is_stale(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    assert owner_of(tmp_path) == Owner(4242, "2026-11-24 04:18:40", holds=False)


def test_a_held_lock_names_its_owner(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    with (tmp_path / "status").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert owner_of(tmp_path) == Owner(4242, "2026-11-24 04:18:40", holds=True)
