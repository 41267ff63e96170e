"""Where the running parts are: what `up` wrote into the data directory, or what the operator says."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.keyring import Keyring, UnreadableKeyring, read_keyring
from console.processes import Processes, read_processes
from console.settings import Settings
from warehouse.exits import CannotRun
from warehouse.ownership import owner_of

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory of `tidegate up`.", show_default="TIDEGATE_DATA, ./var"),
]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose traffic.", show_default="the policy's")]
ControlUrl = Annotated[
    str, typer.Option("--control", help="URL of the control endpoint.", show_default="by --data")
]
WarehouseUrl = Annotated[
    str,
    typer.Option("--warehouse", help="URL of the warehouse.", show_default="TIDEGATE_WAREHOUSE, by --data"),
]


class Endpoints(msgspec.Struct, frozen=True):
    """URLs are empty where they are not known; `processes` is None where no supervisor runs."""

    data: Path
    tenant: str
    control: str
    manage: str
    warehouse: str
    control_token: str
    manage_token: str
    hash_key: str
    processes: Processes | None


def find_endpoints(
    known: Settings, data: Path | None, *, warehouse: str = "", control: str = ""
) -> Endpoints:
    """By the URLs that options gave, then the environment, then the data directory. Raises CannotRun."""
    directory = data or known.data
    processes = read_processes(directory) if owner_of(directory) else None
    urls = processes.urls if processes else {}
    try:
        keyring = read_keyring(directory) or Keyring("", "", "")
    except UnreadableKeyring as trouble:
        raise CannotRun(str(trouble)) from trouble
    return Endpoints(
        data=directory,
        tenant=processes.tenant if processes else "default",
        control=control or urls.get("control", ""),
        manage=urls.get("manage", ""),
        warehouse=warehouse or known.warehouse or urls.get("warehouse", ""),
        control_token=known.control_token or keyring.control_token,
        manage_token=known.manage_token or keyring.manage_token,
        hash_key=known.hash_key or keyring.hash_key,
        processes=processes,
    )
