"""Runs one command's app as the command line does, in this process."""

import typer
from typer.testing import CliRunner, Result

from warehouse.exits import COULD_NOT_RUN, CannotRun


class Ran:
    """Exit code and outputs; `complaint` is what `tidegate` would tell in one line."""

    def __init__(self, result: Result) -> None:
        mistake = result.exception
        if mistake is not None and not isinstance(mistake, SystemExit | CannotRun):
            raise mistake
        self.complaint = str(mistake) if isinstance(mistake, CannotRun) else ""
        self.code = COULD_NOT_RUN if self.complaint else result.exit_code
        self.out = result.stdout
        self.err = result.stderr


def ran(app: typer.Typer, *arguments: str, environment: dict[str, str] | None = None) -> Ran:
    """Run `app` with these arguments."""
    return Ran(
        CliRunner(env={"TERM": "dumb", "COLUMNS": "160", **(environment or {})}).invoke(app, list(arguments))
    )
