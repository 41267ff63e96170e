"""`tidegate restore FILE`: puts a backup in the place of the console's store."""

import contextlib
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.backup import NoBackup
from console.backup import restore as restored
from console.deployment import CONTROL_DIRECTORY
from console.endpoints import Data
from console.settings import settings
from console.store import LOCK_FILE, STORE_FILE
from console.terminal import AsJson, command_app, say, write_json
from warehouse.exits import CannotRun
from warehouse.ownership import claim

app = command_app()


class Restored(msgspec.Struct, frozen=True):
    """What is in place now; `before` is the store that it replaced, None where there was none."""

    path: str
    before: str | None


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `tidegate backup` made.", show_default=False)],
    data: Data = None,
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
    except (NoBackup, OSError) as trouble:
        raise CannotRun(str(trouble)) from trouble
    done = Restored(str(directory / STORE_FILE), str(before) if before else None)
    if as_json:
        write_json(done)
    else:
        say(f"restored {done.path}; the next start goes on from it")
