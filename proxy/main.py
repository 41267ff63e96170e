"""`python -m proxy.main`: the data plane as a process. Exit codes: 0 drained, 2 could not run."""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from proxy.serving import serve
from proxy.settings import (
    ALONE,
    Settings,
    data_directory,
    default_name,
    parse_clock,
    parse_credentials,
    parse_warehouse,
    warehouse_url,
)
from proxy.workers import supervise
from warehouse.command_line import command_of, run_command
from warehouse.environment import by_value
from warehouse.exits import COULD_NOT_RUN, CannotRun
from warehouse.failures import hush_clients
from warehouse.listening import parse_endpoint
from warehouse.ownership import claim

Warehouse = Annotated[
    str, typer.Option(help="URL of ClickHouse, or `none`", show_default="TIDEGATE_WAREHOUSE, else local")
]

log = logging.getLogger("tidegate.proxy")


def main(
    policy: Annotated[str, typer.Option(help="policy file, watched for changes")] = "",
    control: Annotated[str, typer.Option(help="URL of a control endpoint to follow instead")] = "",
    listen: Annotated[str, typer.Option(help="where clients come, HOST:PORT")] = "127.0.0.1:8080",
    manage: Annotated[
        str, typer.Option(help="where /livez, /readyz, /metrics, /policy are")
    ] = "127.0.0.1:8081",
    warehouse: Warehouse = "",
    workers: Annotated[int, typer.Option(min=1, max=256, help="worker processes")] = 1,
    data: Annotated[str, typer.Option(help="directory for spool, ledger, last good policy")] = "",
    tenant: Annotated[str, typer.Option(help="tenant to follow at the control endpoint")] = "default",
    name: Annotated[str, typer.Option(help="name in telemetry; else host and port")] = "",
    drain_s: Annotated[
        float, typer.Option(min=0, help="how long open requests may take after SIGTERM")
    ] = 10.0,
    handlers: Annotated[str, typer.Option(help="MODULE:ATTRIBUTE of a FastAPI router to add")] = "",
    clock: Annotated[str, typer.Option(hidden=True)] = "",
    worker: Annotated[int, typer.Option(hidden=True)] = ALONE,
    restarted: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Answer requests by a policy and tell the warehouse of each."""
    log_to_stderr()
    try:
        if bool(policy) == bool(control):
            raise CannotRun("give one of --policy FILE and --control URL")
        endpoint = parse_endpoint(listen, "--listen")
        settings = Settings(
            listen=endpoint,
            manage=parse_endpoint(manage, "--manage", or_unix=True),
            data=data_directory(data, endpoint),
            policy=Path(policy) if policy else None,
            control=control or None,
            warehouse=parse_warehouse(warehouse_url(warehouse, os.environ)),
            workers=workers,
            worker=worker,
            restarted=restarted,
            name=name or default_name(endpoint),
            tenant=tenant,
            drain_s=drain_s,
            handlers=handlers,
            tempo=parse_clock(clock),
        )
        code = run(settings)
    except CannotRun as reason:
        print(f"tidegate-proxy: {reason}", file=sys.stderr)
        code = COULD_NOT_RUN
    raise typer.Exit(code)


def log_to_stderr() -> None:
    """What we and our libraries have to say, without the warehouse client's every try."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for told in ("tidegate", "warehouse"):
        logging.getLogger(told).setLevel(logging.INFO)
    hush_clients()


def run(settings: Settings) -> int:
    """Serve as the only worker, as one of several, or as the supervisor of several."""
    if settings.listen == settings.manage and settings.listen.port:
        raise CannotRun(f"--listen and --manage are both {settings.listen.text()}; choose another for one")
    credentials = parse_credentials(os.environ)
    owned = claim(settings.directory)
    if owned.stale:
        log.info("took over %s from process %s, which died without a stop", settings.directory, owned.stale)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            if settings.workers > 1 and settings.worker == ALONE:
                return runner.run(supervise(settings, credentials, by_value(os.environ)))
            return runner.run(serve(settings, credentials))
    finally:
        owned.close()


if __name__ == "__main__":
    sys.exit(run_command(command_of(main), sys.argv[1:], "tidegate proxy"))
