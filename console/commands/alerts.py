"""`tidegate alerts test`: whether the sinks of an alerts file take alerts. Analytics sends them."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from console.settings import inherited
from console.terminal import AsJson, command_app

app = command_app()


@app.callback()
def alerts() -> None:
    """Where alerts go."""


@app.command("test")
def try_out(
    file: Annotated[Path, typer.Option("--alerts", help="The alerts file.", show_default=False)],
    sink: Annotated[str, typer.Option(help="Only this one.", show_default="all")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Send every sink a marked alert, firing and then resolved, and tell how each fared.

    Exit code 0: every sink took both; 1: one did not; 2: a wrong file, or no such sink.
    """
    command = [sys.executable, "-m", "analytics.main", "alerts-test", "--alerts", str(file)]
    command += [*(["--sink", sink] if sink else []), *(["--json"] if as_json else [])]
    ended = subprocess.run(command, env=inherited(), check=False)  # noqa: S603  # our own interpreter
    raise typer.Exit(ended.returncode)
