"""`tidegate alerts test`: whether the sinks of an alerts file take alerts. Analytics sends them."""

from pathlib import Path
from typing import Annotated

import typer

from console.alerts_file import alerts_test
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
    raise typer.Exit(
        alerts_test(file, [*(["--sink", sink] if sink else []), *(["--json"] if as_json else [])])
    )
