"""A client of the warehouse for one command: the one that runs, or a temporary one on the data directory."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from console.child import PartFailed
from console.deployment import WAREHOUSE_DIRECTORY, warehouse_part
from console.endpoints import Endpoints
from console.supervisor import Supervisor
from warehouse.client import WrongUrl, connect
from warehouse.exits import CannotRun, first_line, without_password
from warehouse.failures import hush_clients, to_line
from warehouse.migrate import MigrationRefused, migrate

PATIENCE_S = 60

T = TypeVar("T")


def at_warehouse(url: str, work: Callable[[Client], T], *, within_s: int = PATIENCE_S) -> T:
    """Run `work` with a client of the warehouse at `url`, which has `within_s` for each answer.

    Raises CannotRun.
    """
    hush_clients()
    try:
        client = connect(url, timeout_s=within_s)
        try:
            migrate(client)
            return work(client)
        finally:
            client.close()
    except (WrongUrl, MigrationRefused) as trouble:
        raise CannotRun(f"the warehouse cannot be used: {first_line(trouble)}") from trouble
    except ClickHouseError as trouble:
        raise CannotRun(f"{to_line(trouble)}: {without_password(url)}") from trouble


def at_own_warehouse(
    found: Endpoints, environment: Mapping[str, str], work: Callable[[str], T], *, may_create: bool = False
) -> T:
    """Run `work` with the URL of the warehouse; where none runs, the data directory's is started for it.

    Raises CannotRun, also where the directory has no warehouse yet, unless one may be made.
    """
    if found.warehouse:
        return work(found.warehouse)
    place = found.data / WAREHOUSE_DIRECTORY
    if not may_create and not place.is_dir():
        raise CannotRun(f"no warehouse there: {place} is no directory; name the gateway's with --data")
    try:
        return asyncio.run(beside_temporary(found, environment, work))
    except (PartFailed, OSError) as trouble:
        raise CannotRun(str(trouble)) from trouble


async def beside_temporary(found: Endpoints, environment: Mapping[str, str], work: Callable[[str], T]) -> T:
    """Start an embedded warehouse on a free port, run `work` in a thread, stop it."""
    part = warehouse_part(found.data / WAREHOUSE_DIRECTORY, "127.0.0.1:0", password=secrets.token_hex())
    supervisor = Supervisor(
        found.data, (part,), environment=environment, heard=lambda *_: None, clock=time.time
    )
    await supervisor.start()
    try:
        return await asyncio.to_thread(work, supervisor.urls["warehouse"])
    finally:
        await supervisor.stop()
