"""`tidegate`: one line per command. A command's module is loaded only when it is asked for,
and the other parts of Tidegate are started as processes (`python -m proxy.main …`)."""

import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable
from typing import Annotated, NamedTuple

import typer

from console.extras import EXTRAS, require
from console.terminal import say, tell
from warehouse.command_line import run_command
from warehouse.exits import COULD_NOT_RUN, CannotRun


class Command(NamedTuple):
    """`module` has `app`, a typer app; or it is run by exec in the place of this process.

    `needs`: extras without which it cannot be loaded; what it starts is checked where it is started.
    """

    name: str
    summary: str
    module: str
    needs: tuple[str, ...] = ()
    by_exec: bool = False


CONSOLE = ("console",)
COMMANDS = (
    Command("up", "Start the whole gateway on this machine.", "console.commands.up"),
    Command("demo", "Show the loop on simulated traffic.", "lab.main", tuple(EXTRAS), by_exec=True),
    Command("proxy", "Run the data plane.", "proxy.main", ("proxy",), by_exec=True),
    Command("analytics", "Run analytics.", "analytics.main", ("analytics",), by_exec=True),
    Command(
        "warehouse", "Run the embedded ClickHouse server.", "warehouse.main", ("embedded",), by_exec=True
    ),
    Command("console", "Run the console: control API and pages.", "console.commands.console", CONSOLE),
    Command("dashboards", "Make or push Grafana's dashboards.", "dashboards.main", CONSOLE, by_exec=True),
    Command("check", "Check a policy file.", "console.commands.check"),
    Command("explain", "Tell how one request would be judged, rule by rule.", "console.commands.explain"),
    Command(
        "status",
        "Show processes, policy, overlays, telemetry and findings.",
        "console.commands.status",
        CONSOLE,
    ),
    Command("findings", "List what analytics found.", "console.commands.findings", CONSOLE),
    Command("decision", "Show one request by its decision id.", "console.commands.decision", CONSOLE),
    Command("alerts", "Test where alerts go.", "console.commands.alerts", ("analytics",)),
    Command("keys", "Make API keys.", "console.commands.keys"),
    Command("import-log", "Load an access log into the warehouse.", "console.commands.import_log", CONSOLE),
    Command("loop", "Pause or resume automation.", "console.commands.loop", CONSOLE),
    Command(
        "recommendations",
        "See what analytics proposes; approve it or reject it.",
        "console.commands.recommendations",
        CONSOLE,
    ),
    Command("replay", "Replay stored traffic under a policy file.", "console.commands.replay", CONSOLE),
    Command("diff", "Show what a policy file would change.", "console.commands.diff", CONSOLE),
    Command("apply", "Put a policy file in force.", "console.commands.apply", CONSOLE),
    Command("rollback", "Put an earlier revision in force again.", "console.commands.rollback", CONSOLE),
    Command("marker", "Note what happened, for charts.", "console.commands.marker", CONSOLE),
    Command("backup", "Copy the console's store.", "console.commands.backup", CONSOLE),
    Command("restore", "Put a copy of the store back.", "console.commands.restore", CONSOLE),
)

Launch = Callable[[Command, list[str]], None]

# Options of a command are its module's to read, `--help` included.
PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def launch(command: Command, arguments: list[str]) -> None:
    """Run a command in this process and end, or become it. Raises CannotRun where an extra is missing."""
    require(command.needs)
    if command.by_exec:
        os.execv(sys.executable, [sys.executable, "-m", command.module, *arguments])  # noqa: S606  # no shell
    app: typer.Typer = importlib.import_module(command.module).app
    raise typer.Exit(run_command(app, arguments, f"tidegate {command.name}"))


def create_app(launch: Launch) -> typer.Typer:
    """The command line; `launch` is called with the chosen command and its arguments."""
    app = typer.Typer(
        name="tidegate",
        help="An API gateway that learns its own traffic.",
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(root)
    for command in COMMANDS:
        app.command(command.name, help=command.summary, context_settings=PASS_THROUGH)(
            forward_to(command, launch)
        )
    return app


def forward_to(command: Command, launch: Launch) -> Callable[[typer.Context], None]:
    """A typer command that hands everything on."""

    def forward(context: typer.Context) -> None:
        launch(command, context.args)

    return forward


def show_version(wanted: bool) -> None:
    """Show the version and end, where wanted."""
    if wanted:
        say(f"tidegate {importlib.metadata.version('tidegate')}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    """An API gateway that learns its own traffic."""


def run() -> None:
    """Entry point: operator mistakes in one line, exit code 2."""
    try:
        code = run_command(create_app(launch), sys.argv[1:] or ["--help"], "tidegate")
    except CannotRun as mistake:
        tell(f"tidegate: {mistake}")
        code = COULD_NOT_RUN
    raise SystemExit(code)


if __name__ == "__main__":
    run()
