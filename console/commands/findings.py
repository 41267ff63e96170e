"""`tidegate findings`: what analytics found, from the warehouse; `label`: what an operator knows of it."""

import subprocess
import sys
import time
from functools import partial
from typing import Annotated, Literal

import typer

from console.asking import NoAnswer
from console.called import command
from console.control_at import control_at
from console.endpoints import ControlUrl, Data, Endpoints, Tenant, WarehouseUrl, find_endpoints
from console.moments import parse_since, to_span, to_utc
from console.overview import ANSWER_WITHIN_S
from console.settings import inherited, settings
from console.terminal import AsJson, command_app, say, tell, write_json
from console.warehouse_at import at_own_warehouse, at_warehouse
from console.wording import aligned, counted
from kernel.control import Label, PutLabel
from kernel.findings import Finding
from warehouse.exits import GOOD, CannotRun
from warehouse.findings import read_finding, read_findings

MOST_SHOWN = 1_000

app = command_app()


@app.callback(invoke_without_command=True)
def findings(
    context: typer.Context,
    since: Annotated[
        str, typer.Option(help="`10m`, `2h`, `1d`, or an ISO 8601 time.", show_default="all")
    ] = "",
    only_open: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
    imported: Annotated[bool, typer.Option(help="First look at what `import-log` loaded.")] = False,
    tenant: Tenant = "",
    data: Data = None,
    warehouse: WarehouseUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List what analytics found, newest first.

    Where no gateway runs, the warehouse of the data directory is started for the time of the look.
    Exit code 0, with or without findings; 2: no warehouse to ask.
    """
    if context.invoked_subcommand:
        return
    after = parse_since(since, time.time()) if since else 0.0
    if after is None:
        raise CannotRun(f"--since {since!r} is no time: write 10m, 2h, 1d or 2026-11-24T04:00")
    found = find_endpoints(settings(), data, warehouse=warehouse)
    whose = tenant or found.tenant
    if imported:
        at_own_warehouse(found, inherited(), partial(look_at_imports, whose, as_json))
        return
    read = partial(read_findings, tenant=whose, since=after, open_only=only_open, limit=MOST_SHOWN)
    listed = at_own_warehouse(found, inherited(), partial(at_warehouse, work=read))
    if as_json:
        write_json(listed)
    else:
        show(listed)


@app.command()
def label(
    finding: Annotated[str, typer.Argument(help="Its id, as the list shows it.", show_default=False)],
    as_what: Annotated[
        Literal["attack", "legitimate"], typer.Argument(help="What it was.", show_default=False)
    ],
    reason: Annotated[str, typer.Option(help="How you know.")] = "",
    data: Data = None,
    control: ControlUrl = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Say what a finding was; it is kept, with your name, for who looks at it next.

    An id that no finding has is kept, too, with a warning: the finding may be one of another warehouse.
    """
    asker, found = control_at(data, control)
    try:
        kept = asker.post("/v1/labels", PutLabel(as_what, reason, finding), Label)
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble
    if is_unknown(found, finding):
        listing = command("findings", "--data", found.data)
        tell(f"no finding of tenant {found.tenant} has this id: is it mistyped? `{listing}` lists them")
    if as_json:
        write_json(kept)
    else:
        say(f"{kept.finding} is labelled {kept.label} by {kept.author}")


def is_unknown(found: Endpoints, finding: str) -> bool:
    """Whether the warehouse is there and has no such finding. Elsewhere the tenant is not known."""
    if found.processes is None or not found.warehouse:
        return False
    try:
        look = partial(read_finding, tenant=found.tenant, finding=finding)
        return at_warehouse(found.warehouse, look, within_s=ANSWER_WITHIN_S) is None
    except CannotRun:
        return False


def look_at_imports(tenant: str, as_json: bool, warehouse: str) -> None:
    """Let analytics judge the imported logs; it prints what it finds. Raises CannotRun."""
    command = [sys.executable, "-m", "analytics.main", "once", "--tenant", tenant, "--table", "imports"]
    asked = [*command, "--json"] if as_json else command
    # By environment: the URL may hold a password, which `ps` would show.
    environment = {**inherited(), "TIDEGATE_WAREHOUSE": warehouse}
    ended = subprocess.run(asked, env=environment, check=False)  # noqa: S603  # our own interpreter
    if ended.returncode != GOOD:
        raise CannotRun(f"analytics could not look at the imports (exit code {ended.returncode})")


def show(listed: list[Finding]) -> None:
    """Two lines for each: what it is, and its summary; then how many there are."""
    for line, finding in zip(aligned([cells_of(each) for each in listed]), listed, strict=True):
        say(line)
        say(f"    {finding.summary}")
    still = sum(not finding.closed_at for finding in listed)
    more = f" (the newest {MOST_SHOWN:,})" if len(listed) == MOST_SHOWN else ""
    say(f"{counted(len(listed), 'finding')}{more}, {still:,} open")


def cells_of(finding: Finding) -> tuple[str, ...]:
    """One finding's first line: onset (UTC), state, severity, what, about whom, id."""
    took = f"for {to_span(finding.closed_at - finding.onset)}" if finding.closed_at else "open"
    what = f"{finding.detector} {finding.kind}"
    return (to_utc(finding.onset), took, finding.severity, what, finding.key, finding.id)
