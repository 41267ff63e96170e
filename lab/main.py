"""`tidegate demo`: the whole loop on this machine, on simulated traffic or on a log.

Exit codes: 0 every target was met, 1 one was missed, 2 it could not run.
"""

import asyncio
import secrets
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from console.asking import NoAnswer
from console.child import PartFailed
from console.keyring import UnreadableKeyring, keyring_of
from console.settings import inherited
from lab.directory import PREFIX, directory_of
from lab.faults import NotSwitched
from lab.logfile import EmptyLog
from lab.narrator import Narrator
from lab.replay import StartedLate, replay
from lab.simulation import Wanted, simulate
from lab.stopping import Interrupted
from warehouse.command_line import run_command
from warehouse.exits import COULD_NOT_RUN, GOOD, CannotRun

MISSED = 1
SEEDS = 1_000_000
PLAIN_WIDTH = 110  # of the table where there is no terminal

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the table; exit 1 if a target is missed.")
    ] = False,
    log: Annotated[
        Path | None, typer.Option(help="Replay this access log instead.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the traffic.", show_default="random")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Data directory; emptied first.", show_default="./var/demo; with --once a temporary one"
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show what the processes say.")] = False,
) -> None:
    """Show the loop: learn, find, answer, approve. Takes some 130 s; then it stays up until Ctrl-C."""
    narrator = Narrator(Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH))
    try:
        if log is not None and not log.is_file():
            raise CannotRun(f"{log} is no file that can be read; give an access log")
        with directory_of(data, once, narrator.say) as directory:
            wanted = Wanted(
                data=directory,
                keyring=keyring_of(directory, secrets.token_bytes),
                alerts_secret=secrets.token_hex(),
                environment=inherited(),
                seed=secrets.randbelow(SEEDS) if seed is None else seed,
                once=once,
                verbose=verbose,
            )
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                code = runner.run(perform(wanted, log, narrator))
    except (
        CannotRun,
        PartFailed,
        NoAnswer,
        NotSwitched,
        EmptyLog,
        StartedLate,
        UnreadableKeyring,
        OSError,
    ) as trouble:
        print(f"tidegate demo: {trouble}", file=sys.stderr)
        code = COULD_NOT_RUN
    raise typer.Exit(code)


async def perform(wanted: Wanted, log: Path | None, narrator: Narrator) -> int:
    """Run until the end, or until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        met = await (simulate(wanted, narrator, stop) if log is None else replay(wanted, log, narrator, stop))
    except Interrupted:
        narrator.say(f"stopped before the end{kept(wanted)}")
        return COULD_NOT_RUN
    if not wanted.once:
        narrator.say(f"stopped{kept(wanted)}")
    return GOOD if met else MISSED


def kept(wanted: Wanted) -> str:
    """Where the data are after the end; nothing where they were temporary."""
    if not wanted.data.name.startswith(PREFIX):
        return f"; the data stay in {wanted.data} until the next demo there"
    return ""


if __name__ == "__main__":
    sys.exit(run_command(app, sys.argv[1:], "tidegate demo"))
