"""lab.directory: a demo starts on an empty directory, and empties nothing but a dead demo's."""

import contextlib
from pathlib import Path

import pytest

from lab.directory import MARKER, PREFIX, directory_of, remove_stale
from warehouse.exits import CannotRun
from warehouse.ownership import AlreadyOwned, claim


def leave(data: Path) -> None:
    """What a demo leaves behind."""
    with directory_of(data, False, lambda line: None) as directory:
        (directory / "warehouse").mkdir()
        (directory / "warehouse" / "rows").write_text("of the run before")
        (directory / "policy.yaml").write_text("")


def names(directory: Path) -> set[str]:
    return {each.name for each in directory.iterdir()}


def test_the_data_stay_after_a_run_and_the_next_one_starts_on_an_empty_directory(tmp_path: Path) -> None:
    data, said = tmp_path / "demo", list[str]()
    leave(data)
    assert names(data) == {MARKER, "warehouse", "policy.yaml"}
    with directory_of(data, False, said.append) as directory:
        assert (directory, names(directory)) == (data, {MARKER})
    assert said == [f"emptied {data}, which held the data of an earlier demo"]


def test_nothing_is_said_of_a_directory_that_was_empty(tmp_path: Path) -> None:
    said = list[str]()
    for _ in range(2):
        with directory_of(tmp_path, True, said.append):
            pass
    assert said == []


def test_without_data_the_default_is_emptied_for_each_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    leave(tmp_path / "var" / "demo")
    with directory_of(None, False, lambda line: None) as directory:
        assert (directory, names(directory)) == (tmp_path / "var" / "demo", {MARKER})


def test_what_is_not_a_demos_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("dear")
    with pytest.raises(CannotRun, match="not a demo's"), directory_of(tmp_path, True, print):
        pass
    assert names(tmp_path) == {"letters"}


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRun, match="no directory"), directory_of(tmp_path / "file", True, print):
        pass


@pytest.mark.parametrize("lock_file", [MARKER, "owner.lock"])
def test_a_directory_in_use_is_refused_and_left_alone(tmp_path: Path, lock_file: str) -> None:
    leave(tmp_path)
    with (
        contextlib.closing(claim(tmp_path, lock_file)),
        pytest.raises(AlreadyOwned, match="is in use by process"),
        directory_of(tmp_path, True, print),
    ):
        pass
    assert "policy.yaml" in names(tmp_path)


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("dear")
    leave(tmp_path / "demo")
    (tmp_path / "demo" / "link").symlink_to(tmp_path / "mine")
    with directory_of(tmp_path / "demo", False, lambda line: None):
        pass
    assert (tmp_path / "mine" / "letter").exists()


def test_only_temporary_directories_of_dead_demos_are_removed(tmp_path: Path) -> None:
    dead, living, other = (tmp_path / f"{PREFIX}{name}" for name in ("dead", "living", "other"))
    leave(dead)
    leave(living)
    other.mkdir()
    said = list[str]()
    with contextlib.closing(claim(living, MARKER)):
        remove_stale(tmp_path, said.append)
    assert names(tmp_path) == {living.name, other.name}
    assert said == [f"removed {dead}, which a demo that was killed had left"]


def test_a_temporary_directory_is_gone_after_its_run() -> None:
    with directory_of(None, True, lambda line: None) as directory:
        assert names(directory) == {MARKER}
    assert not directory.exists()
