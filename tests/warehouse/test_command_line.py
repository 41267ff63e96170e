"""What an operator wrote wrong is one line that says what, where and where to read on."""

from typing import Annotated

import pytest
import typer

from warehouse.command_line import command_of, run_command
from warehouse.exits import CannotRun


def work(
    file: Annotated[str, typer.Argument(help="The policy.")],
    reason: Annotated[str, typer.Option(help="Why; shown by `status`.")],
    workers: Annotated[int, typer.Option(min=1, max=9)] = 1,
) -> None:
    """A command."""
    if reason == "none":
        raise CannotRun("no reason")
    if reason == "problems":
        raise typer.Exit(1)


def complaints(*arguments: str) -> tuple[int, str]:
    told: list[str] = []
    code = run_command(command_of(work), arguments, "tidegate work", told.append)
    return code, "".join(told)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("f",), "--reason is missing (Why; shown by `status`)"),
        (("--reason", "x"), "FILE is missing (The policy)"),
        (("f", "--reason", "x", "--workers", "two"), "--workers: 'two' should be a valid integer"),
        (("f", "--reason", "x", "--workers", "0"), "--workers: '0' should be greater than or equal to 1"),
        (("f", "--data", "var"), "no such option: --data"),
        (("f", "--reason"), "option '--reason' requires an argument"),
        (("f", "g", "--reason", "x"), "got unexpected extra argument(s) (g)"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    assert complaints(*arguments) == (2, f"tidegate work: {said}; see tidegate work --help\n")


def test_the_exit_code_is_the_commands_own() -> None:
    assert complaints("f", "--reason", "x") == (0, "")
    assert complaints("f", "--reason", "problems") == (1, "")


def test_what_the_command_raises_goes_through() -> None:
    with pytest.raises(CannotRun, match="no reason"):
        complaints("f", "--reason", "none")


def test_help_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaints("--help") == (0, "")
    assert "--workers" in capsys.readouterr().out
