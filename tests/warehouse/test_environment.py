"""Secrets by value and by file."""

from pathlib import Path

import pytest

from warehouse.environment import by_value, secret
from warehouse.exits import CannotRun

NAME = "TIDEGATE_CONTROL_TOKEN"


def test_a_secret_is_its_value_or_nothing() -> None:
    assert secret({NAME: "abc"}, NAME) == "abc"
    assert secret({NAME: "abc", NAME + "_FILE": ""}, NAME) == "abc"
    assert secret({}, NAME) == ""


@pytest.mark.parametrize(("held", "read"), [("abc", "abc"), ("abc\n", "abc"), ("abc\n\n", "abc\n")])
def test_one_newline_at_a_files_end_is_no_part_of_the_secret(held: str, read: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(held)
    assert secret({NAME + "_FILE": str(file)}, NAME) == read


def test_a_value_and_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"^TIDEGATE_CONTROL_TOKEN and .*_FILE are both set; set one$"):
        secret({NAME: "abc", NAME + "_FILE": str(tmp_path / "token")}, NAME)


def test_a_file_that_cannot_be_read_is_told_without_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "token"
    environment = {NAME + "_FILE": str(file)}
    with pytest.raises(CannotRun, match=r"token cannot be read: No such file or directory$"):
        secret(environment, NAME)
    file.write_bytes(b"\xff")
    with pytest.raises(CannotRun, match=r"token cannot be read: it is not UTF-8 text$"):
        secret(environment, NAME)
    file.write_text("\n")
    with pytest.raises(CannotRun, match=r"token is empty$"):
        secret(environment, NAME)


def test_a_child_gets_values_so_that_one_may_be_set_anew(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc\n")
    assert by_value({NAME + "_FILE": str(file), "PATH": "/bin", "OTHER_FILE": "x"}) == {
        NAME: "abc",
        "PATH": "/bin",
        "OTHER_FILE": "x",
    }
    assert by_value({}) == {}
