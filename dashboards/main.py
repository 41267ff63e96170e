"""`python -m dashboards.main build|push`: Grafana's files, and Grafana's API."""

import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from dashboards.boards import BOARDS
from dashboards.building import drift, write
from dashboards.pushing import Grafana
from dashboards.settings import check as check_settings
from dashboards.settings import settings_of
from warehouse.command_line import run_command
from warehouse.exits import COULD_NOT_RUN, PROBLEMS_FOUND, CannotRun

app = typer.Typer(
    help="Make Grafana's dashboards and alert rules, or push the dashboards to a Grafana.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON to stdout, for programs.")]


@app.command()
def build(
    to: Annotated[Path, typer.Option(help="the folder that gets generated/ and provisioning/")] = Path(
        "dashboards"
    ),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 where files differ.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the dashboards' JSON and the provisioning files."""
    try:
        changed = drift(to) if check else write(to)
    except OSError as problem:
        raise CannotRun(f"--to {to}: {problem}") from None
    if as_json:
        _say(msgspec.json.encode({"changed": changed}).decode())
    else:
        verb = "differs" if check else "written"
        for path in changed:
            _say(f"{to / path}: {verb}")
        if not changed:
            _say(f"{to}: everything is as the panel specs say")
    if check and changed:
        raise typer.Exit(PROBLEMS_FOUND)


@app.command()
def push(
    grafana: Annotated[str, typer.Option(help="Grafana's URL, else TIDEGATE_GRAFANA")] = "",
    token_file: Annotated[Path | None, typer.Option(help="a file with a service account's token")] = None,
    folder: Annotated[str, typer.Option(help="title of the folder in Grafana")] = "Tidegate",
    keep: Annotated[bool, typer.Option("--keep", help="Stop at a board that is newer in Grafana.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the dashboards into a running Grafana."""
    settings = settings_of(os.environ, url=grafana, token_file=token_file)
    check_settings(settings)
    pushed = Grafana(settings.url, settings.token).push(BOARDS, folder=folder, overwrite=not keep)
    if as_json:
        _say(msgspec.json.encode(pushed).decode())
        return
    for one in pushed:
        _say(f"{one.url} (version {one.version})")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def run(arguments: list[str]) -> int:
    """The exit code; mistakes are told in one line."""
    try:
        return run_command(app, arguments, "tidegate dashboards")
    except CannotRun as mistake:
        sys.stderr.write(f"tidegate dashboards: {mistake}\n")
        return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
