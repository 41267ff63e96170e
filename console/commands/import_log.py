"""`tidegate import-log FILE`: an access log into the warehouse, every line accounted for."""

import secrets
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from console.called import command
from console.endpoints import Data, Endpoints, WarehouseUrl, find_endpoints
from console.keyring import keyring_of
from console.policy_file import loaded_policy
from console.settings import inherited, settings
from console.terminal import AsJson, command_app, say, tell, write_json
from console.warehouse_at import at_own_warehouse, at_warehouse
from console.wording import aligned, counted
from kernel.compile import compile_policy
from warehouse.exits import PROBLEMS_FOUND, CannotRun, without_password
from warehouse.imports import Imported, RouteOf, Wanted, by_policy, import_log

MOST_TOLD = 20  # unreadable lines shown one by one

app = command_app()


@app.command()
def import_access_log(
    file: Annotated[
        Path, typer.Argument(help="An access log in common or combined format.", show_default=False)
    ],
    tenant: Annotated[str, typer.Option(help="Whose traffic it is.")] = "",
    policy: Annotated[
        Path | None, typer.Option(help="Name routes by this policy.", show_default="by path")
    ] = None,
    data: Data = None,
    warehouse: WarehouseUrl = "",
    as_json: AsJson = False,
) -> None:
    """Load an access log into the warehouse; `tidegate findings --imported` then looks at it.

    Where no gateway runs, the warehouse of the data directory is started for the time of the import.
    A file that was loaded before is not doubled. Exit code 0: every line was stored; 1: some lines
    were unreadable, each is told; 2: it could not be loaded.
    """
    found = find_endpoints(settings(), data, warehouse=warehouse)
    if not file.is_file():
        raise CannotRun(f"{file} is no file that can be read; give an access log")
    wanted = Wanted(
        path=file,
        tenant=tenant or found.tenant,
        hash_key=hash_key_of(found),
        routes=routes_of(policy) if policy else None,
    )
    imported = load(found, wanted, quiet=as_json)
    if as_json:
        write_json(imported)
    else:
        of = ("--tenant", tenant) if tenant else ()
        # No password on a screen: who gave a URL knows it.
        at = ("--warehouse", without_password(warehouse)) if warehouse else ("--data", found.data)
        show(imported, (*of, *at))
    if imported.unreadable:
        raise typer.Exit(PROBLEMS_FOUND)


def hash_key_of(found: Endpoints) -> bytes:
    """The gateway's hash key, made where there is none yet, so that hashes join with live telemetry's."""
    try:
        return bytes.fromhex(found.hash_key or keyring_of(found.data, secrets.token_bytes).hash_key)
    except (OSError, ValueError) as trouble:
        raise CannotRun(f"no hash key: {trouble}") from trouble


def routes_of(policy: Path) -> RouteOf:
    """Routes as the policy names them. Raises CannotRun."""
    return by_policy(compile_policy(*loaded_policy(policy, time.time()), b""))


def load(found: Endpoints, wanted: Wanted, *, quiet: bool) -> Imported:
    """Load with a progress bar on stderr. Raises CannotRun."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        bar = progress.add_task(f"loading {wanted.path.name}", total=None)

        def work(client: Client) -> Imported:
            return import_log(client, wanted, told_by(progress, bar))

        try:
            at = partial(at_warehouse, work=work)
            return at_own_warehouse(found, inherited(), at, may_create=True)
        except OSError as trouble:
            raise CannotRun(f"{wanted.path}: {trouble.strerror or trouble}") from trouble


def told_by(progress: Progress, bar: TaskID) -> Callable[[int, int], None]:
    """Moves the bar."""
    return lambda sent, total: progress.update(bar, completed=sent, total=total)


def show(imported: Imported, where: tuple[str | Path, ...]) -> None:
    """The account, each unreadable line up to MOST_TOLD, and what to do next with the options `where`."""
    counts = (imported.lines, imported.stored, imported.before, imported.unreadable, imported.days)
    headings = ("lines", "stored", "stored before", "unreadable", "days")
    for row in aligned([headings, tuple(f"{count:,}" for count in counts)]):
        say(row)
    for line in imported.told[:MOST_TOLD]:
        tell(f"{imported.path}:{line.line}: unreadable: {line.reason}")
    rest = imported.unreadable - min(len(imported.told), MOST_TOLD)
    if rest > 0:
        tell(f"… and {counted(rest, 'more unreadable line')}")
    say(f"every line is accounted for: {imported.lines:,} = stored + stored before + unreadable")
    say(f"next: {command('findings', '--imported', *where)}")
