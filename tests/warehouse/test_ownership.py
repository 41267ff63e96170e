"""Who owns a data directory."""

import fcntl
import os
from pathlib import Path

import pytest

from warehouse.exits import CannotRun
from warehouse.ownership import AlreadyOwned, EngineOwner, claim, engine_owner_of, owner_of

STATUS = "PID: 4242\nStarted at: 2026-11-24 04:18:40\nRevision: 54515\n"


def test_one_owner_at_a_time_and_the_other_is_told_who(tmp_path: Path) -> None:
    held = claim(tmp_path)
    with pytest.raises(AlreadyOwned, match=f"in use by process {os.getpid()}") as told:
        claim(tmp_path)
    assert "--data" in str(told.value)
    held.close()
    claim(tmp_path).close()


def test_what_a_dead_owner_left_is_told(tmp_path: Path) -> None:
    (tmp_path / "owner.lock").write_text("4242\n")
    held = claim(tmp_path)
    assert held.stale == "4242"
    held.close()
    again = claim(tmp_path)
    assert again.stale == ""
    again.close()


def test_the_owner_can_be_asked_for_without_claiming(tmp_path: Path) -> None:
    assert owner_of(tmp_path) is None
    held = claim(tmp_path / "new" / "deep")
    assert owner_of(tmp_path / "new" / "deep") == str(os.getpid())
    held.close()
    assert owner_of(tmp_path / "new" / "deep") is None


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    claim(tmp_path / "data").close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_directory_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRun, match="--data"):
        claim(tmp_path / "file" / "data")


def test_releasing_twice_does_nothing(tmp_path: Path) -> None:
    held = claim(tmp_path)
    held.close()
    held.close()
    assert owner_of(tmp_path) is None


def test_a_directory_that_no_engine_opened_has_no_owner(tmp_path: Path) -> None:
    assert engine_owner_of(tmp_path) is None
    (tmp_path / "status").write_text("")
    assert engine_owner_of(tmp_path) is None


def test_an_engines_lock_without_a_holder_is_stale(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    assert engine_owner_of(tmp_path) == EngineOwner(4242, "2026-11-24 04:18:40", holds=False)


def test_an_engines_held_lock_names_its_owner(tmp_path: Path) -> None:
    (tmp_path / "status").write_text(STATUS)
    with (tmp_path / "status").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert engine_owner_of(tmp_path) == EngineOwner(4242, "2026-11-24 04:18:40", holds=True)
