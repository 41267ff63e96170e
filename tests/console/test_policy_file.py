"""The policy file, read and watched."""

from pathlib import Path

import pytest

from console.policy_file import PolicyFile, loaded_policy, read_policy_file, why_refused
from kernel.compile import revision_of
from tests.console.policies import ADAPTIVE, Clock
from warehouse.exits import CannotRun


def test_a_good_policy_is_read_with_its_revision(policy: Path) -> None:
    reading = read_policy_file(policy, 1_000.0)
    assert reading.policy is not None
    assert (reading.revision, reading.text) == (revision_of(ADAPTIVE), ADAPTIVE)
    assert not reading.is_unreadable


def test_a_missing_file_is_a_problem_with_its_place(tmp_path: Path) -> None:
    reading = read_policy_file(tmp_path / "none.yaml", 1_000.0)
    assert reading.policy is None
    assert reading.is_unreadable
    assert "no such file" in reading.problems[0].what


def test_a_directory_and_other_bytes_are_problems_too(tmp_path: Path) -> None:
    assert read_policy_file(tmp_path, 1_000.0).is_unreadable
    (tmp_path / "x").write_bytes(b"a: \xff")
    assert "not UTF-8" in read_policy_file(tmp_path / "x", 1_000.0).problems[0].what


def test_a_policy_that_must_be_loaded_is_told_where_it_cannot(policy: Path) -> None:
    loaded, revision = loaded_policy(policy, 1_000.0)
    assert (loaded.routes[0].name, revision) == ("catalogue", revision_of(ADAPTIVE))
    policy.write_text("routes: 1\n")
    with pytest.raises(CannotRun, match=r"policy\.yaml:1"):
        loaded_policy(policy, 1_000.0)


def test_a_watched_file_is_read_again_only_when_it_changed(policy: Path) -> None:
    file = PolicyFile(policy, Clock())
    assert file.read().policy is not None
    assert not file.has_changed()
    policy.write_text(ADAPTIVE + "# more\n")
    assert file.has_changed()
    assert file.read().revision == revision_of(ADAPTIVE + "# more\n")
    assert not file.has_changed()


def test_a_file_replaced_by_another_of_equal_size_has_changed(policy: Path, tmp_path: Path) -> None:
    file = PolicyFile(policy, Clock())
    file.read()
    other = tmp_path / "other"
    other.write_text(ADAPTIVE.replace("10/s", "20/s"))
    other.replace(policy)
    assert file.has_changed()


def test_one_problem_is_told_in_one_line_and_more_in_a_line_each(tmp_path: Path) -> None:
    missing = read_policy_file(tmp_path / "none.yaml", 0.0).problems
    assert why_refused(tmp_path / "none.yaml", missing) == missing[0].text()
    told = why_refused(tmp_path / "two.yaml", [*missing, *missing]).splitlines()
    assert told == [
        f"{tmp_path / 'two.yaml'} is no policy that can be loaded:",
        missing[0].text(),
        missing[0].text(),
    ]
