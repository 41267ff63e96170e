"""`python -m warehouse.main`: the embedded ClickHouse server.

Exit codes: 0 ended on request, 2 could not run.
"""

import os

os.environ["TZ"] = "UTC"  # before the engine is loaded: it takes its time zone from here

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

from warehouse.client import WrongUrl
from warehouse.command_line import command_of, run_command
from warehouse.disk_cap import drop_oldest_days
from warehouse.embedded import IS_INSTALLED, Bounds, Connection, Engine, EngineFailed
from warehouse.exits import COULD_NOT_RUN, CannotRun
from warehouse.listening import bind, endpoint_of, parse_endpoint
from warehouse.ownership import engine_owner_of
from warehouse.server import Server
from warehouse.sessions import Sessions
from warehouse.settings import users_from
from warehouse.users import User, Users

_CHORES_EVERY_S = 30  # a heavy query left 1.8 GB resident until a purge
log = logging.getLogger("tidegate.warehouse")


def check_exposure(listener: socket.socket, users: tuple[User, ...]) -> None:
    """Refuses empty passwords on an address that other machines reach."""
    address = ipaddress.ip_address(listener.getsockname()[0])
    if not address.is_loopback and any(not user.password for user in users):
        raise CannotRun(
            f"{address} is reachable from outside, and a user has no password:"
            " set TIDEGATE_WAREHOUSE=http://NAME:PASSWORD@HOST:PORT, or listen on 127.0.0.1"
        )


def open_engine(data: Path, bounds: Bounds) -> Engine:
    """The engine of the directory. Raises CannotRun with the owner's pid where it is locked."""
    if not IS_INSTALLED:
        raise CannotRun("chdb is not installed, but needed here: pip install 'tidegate[embedded]'")
    if data.exists() and not data.is_dir():
        raise CannotRun(f"cannot open {data}: it is no directory")
    owner = engine_owner_of(data)
    if owner and owner.holds:
        raise CannotRun(
            f"{data} is in use by process {owner.pid} (started {owner.started_at} UTC):"
            " stop that process, or choose another --data"
        )
    if owner and owner.pid != os.getpid():
        print(f"tidegate-warehouse takes over {data}: its last owner {owner.pid} is gone", file=sys.stderr)
    try:
        return Engine(data, bounds)
    except (EngineFailed, OSError) as problem:
        raise CannotRun(f"cannot open {data}: {str(problem) or 'the engine did not tell why'}") from None


class _Uvicorn(uvicorn.Server):
    """uvicorn with signals of our own: its handler re-raises the signal, and we end with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listener in sockets or ():
            where = endpoint_of(listener).url()
            print(f"tidegate-warehouse ready on {where}", file=sys.stderr, flush=True)


async def serve(listener: socket.socket, engine: Engine, users: Users, *, disk_cap_mb: int) -> None:
    """Serves until SIGTERM or SIGINT, then drains."""
    application = Server(engine, users, Sessions[Connection](time.monotonic), lambda: str(uuid.uuid4()))
    config = uvicorn.Config(
        application,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    server = _Uvicorn(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    chores = asyncio.create_task(_chores(application, engine, disk_cap_mb), name="chores")
    await server.serve(sockets=[listener])
    chores.cancel()
    await application.drain()
    engine.close()


async def _chores(application: Server, engine: Engine, disk_cap_mb: int) -> None:
    """Gives memory back to the system and keeps the disk cap, for ever."""
    while True:
        try:
            await application.run(lambda: engine.administer("SYSTEM JEMALLOC PURGE"))
            if disk_cap_mb:
                await application.run(lambda: drop_oldest_days(engine.administer, disk_cap_mb << 20))
        except EngineFailed as failure:
            log.warning("a chore of the warehouse failed: %s", failure)
        await asyncio.sleep(_CHORES_EVERY_S)


def main(
    listen: Annotated[str, typer.Option(help="HOST:PORT; port 0 takes any free one")] = "127.0.0.1:8123",
    data: Annotated[Path, typer.Option(help="the data directory")] = Path("tidegate-data/warehouse"),
    disk_cap_mb: Annotated[int, typer.Option(help="drop the oldest day above this; 0: no cap", min=0)] = 0,
) -> None:
    """Run the embedded ClickHouse server on one data directory."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        users = users_from(os.environ)
        listener = bind(parse_endpoint(listen, "--listen"), "--listen")
        check_exposure(listener, users)
        engine = open_engine(data, Bounds())
    except (CannotRun, WrongUrl) as problem:
        print(f"tidegate-warehouse cannot run: {problem}", file=sys.stderr)
        raise typer.Exit(COULD_NOT_RUN) from None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(listener, engine, Users(users), disk_cap_mb=disk_cap_mb))


if __name__ == "__main__":
    sys.exit(run_command(command_of(main), sys.argv[1:], "tidegate warehouse"))
