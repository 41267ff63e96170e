"""`tidegate check FILE`: every problem of a policy at once. Exit 0 good, 1 problems, 2 no such file."""

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.policy_file import FileReading, read_policy_file
from console.terminal import AsJson, command_app, say, tell, write_json
from console.wording import counted
from kernel.problems import Problem
from warehouse.exits import PROBLEMS_FOUND, CannotRun

app = command_app()


class Checked(msgspec.Struct, frozen=True):
    """What `--json` writes. `good`: the policy would be loaded."""

    file: str
    good: bool
    revision: str
    problems: tuple[Problem, ...]


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The policy file.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Check a policy file: every problem with its place and what to do about it.

    Exit code 0: it would be loaded (warnings may be told); 1: it has errors; 2: it cannot be read.
    """
    reading = read_policy_file(file, time.time())
    if reading.is_unreadable:
        raise CannotRun(reading.problems[0].text())
    if as_json:
        write_json(Checked(str(file), reading.policy is not None, reading.revision, reading.problems))
    else:
        show(file, reading)
    if reading.policy is None:
        raise typer.Exit(PROBLEMS_FOUND)


def show(file: Path, reading: FileReading) -> None:
    """One line per problem, then the result."""
    for problem in reading.problems:
        tell(problem.text())
    errors = sum(problem.severity == "error" for problem in reading.problems)
    warnings = len(reading.problems) - errors
    if reading.policy is None:
        tell(f"{file}: {counted(errors, 'error')}, {counted(warnings, 'warning')}")
        return
    told = f", {counted(warnings, 'warning')}" if warnings else ""
    policy = reading.policy
    contents = f"{counted(len(policy.routes), 'route')}, {counted(len(policy.limits), 'limit')}"
    say(f"{file}: good{told}; revision {reading.revision}, {contents}")
