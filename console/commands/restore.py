"""`tidegate restore FILE`: puts a backup in the place of the console's store."""

import contextlib
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.backup import NoBackup
from console.backup import restore as restored
from console.called import command
from console.deployment import CONTROL_DIRECTORY
from console.endpoints import Data
from console.policy_file import read_policy_file
from console.settings import settings
from console.store import LOCK_FILE, STORE_FILE, Store, UnreadableStore
from console.terminal import AsJson, command_app, say, write_json
from warehouse.exits import CannotRun
from warehouse.ownership import claim

app = command_app()


class Restored(msgspec.Struct, frozen=True):
    """What is in place now; `before` is the store that it replaced, None where there was none.

    `file_revision`: the version of the policy file that this store took last; empty: none.
    """

    path: str
    before: str | None
    file_revision: str


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `tidegate backup` made.", show_default=False)],
    data: Data = None,
    policy: Annotated[
        Path | None, typer.Option(help="The policy file of the next start: whether it differs is told.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Put a backup back; no gateway may run on the data directory. The store before stays as `*.before`.

    Exit codes: 0 done; 2 the file is no backup, or a gateway runs.
    """
    directory = (data or settings().data) / CONTROL_DIRECTORY
    try:
        with contextlib.closing(claim(directory, LOCK_FILE)):
            before = restored(file, directory / STORE_FILE, now=time.time())
            taken = file_revision_of(directory / STORE_FILE)
    except (NoBackup, UnreadableStore, OSError) as trouble:
        raise CannotRun(str(trouble)) from trouble
    done = Restored(str(directory / STORE_FILE), str(before) if before else None, taken)
    if as_json:
        write_json(done)
    else:
        say(f"restored {done.path}; {next_start(taken, policy)}")


def file_revision_of(path: Path) -> str:
    """The version of the policy file that a store took last; empty where it took none."""
    with contextlib.closing(Store(path, time.time)) as store:
        return store.revisions.seed(store.revisions.only_tenant())


def next_start(taken: str, policy: Path | None) -> str:
    """What the next start makes of the store and of the policy file."""
    goes_on = "the next start goes on from it"
    takes_it = "puts it in force with the approvals that still fit, and tells what that replaces"
    if not taken:
        return goes_on
    if policy is None:
        asked = command("check", "FILE")
        return (
            f"{goes_on} if the policy file is still revision {taken} (`{asked}` tells);"
            f" where it has changed, the start {takes_it}"
        )
    reading = read_policy_file(policy, time.time())
    if reading.policy is None:
        return f"{goes_on}, for {policy} is no policy that can be loaded: {command('check', policy)}"
    if reading.revision == taken:
        return f"{goes_on}: {policy} is as it was taken"
    return (
        f"but {policy} (revision {reading.revision}) is not what this store took last (revision {taken}):"
        f" the next start {takes_it}"
    )
