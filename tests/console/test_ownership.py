"""Who owns a data directory."""

import os
from pathlib import Path

import pytest

from console.ownership import AlreadyOwned, claim, owner_of


def test_one_owner_at_a_time_and_the_other_is_told_who(tmp_path: Path) -> None:
    held = claim(tmp_path)
    with pytest.raises(AlreadyOwned, match=f"process {os.getpid()}") as told:
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


def test_releasing_twice_does_nothing(tmp_path: Path) -> None:
    held = claim(tmp_path)
    held.close()
    held.close()
    assert owner_of(tmp_path) is None
