"""`tidegate up`: the whole gateway on this machine, until Ctrl-C."""

import asyncio
import secrets
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from console.alerts_file import check_alerts
from console.called import command
from console.child import PartFailed
from console.deployment import Deployment, gateway_parts
from console.failures import why_unwritable
from console.keyring import KEYRING_FILE, Keyring, UnreadableKeyring, keyring_of
from console.policy_file import loaded_policy
from console.settings import inherited, settings
from console.supervisor import OWN_VOICE, Supervisor
from console.terminal import command_app, tell
from warehouse.exits import CannotRun, without_password
from warehouse.listening import bind, parse_endpoint
from warehouse.ownership import LOCK_FILE, AlreadyOwned, owner_of

LISTENS = ("--listen", "--manage", "--control", "--warehouse-listen")
WIDEST_NAME = 9  # of "warehouse", "analytics"

app = command_app()


@app.command()
def up(
    policy: Annotated[Path, typer.Option(help="The policy file; watched.", show_default=False)],
    data: Annotated[Path | None, typer.Option(help="Data directory.", show_default="./var")] = None,
    listen: Annotated[str, typer.Option(help="Where clients call.")] = "127.0.0.1:8080",
    manage: Annotated[str, typer.Option(help="The proxy's management.")] = "127.0.0.1:8081",
    control: Annotated[str, typer.Option(help="The control endpoint.")] = "127.0.0.1:8090",
    warehouse_listen: Annotated[str, typer.Option(help="The embedded warehouse.")] = "127.0.0.1:8123",
    warehouse: Annotated[
        str, typer.Option(help="URL of a ClickHouse server instead of the embedded one.")
    ] = "",
    workers: Annotated[int, typer.Option(min=1, help="Proxy workers; they split limits.")] = 1,
    alerts: Annotated[Path | None, typer.Option(help="alerts.yaml: who is told of what is found.")] = None,
) -> None:
    """Start warehouse, control, analytics and proxy; restart what crashes; stop all by Ctrl-C.

    Each address is HOST:PORT, port 0 is any free port. Exit code 0: stopped; 2: could not start.
    """
    known = settings()
    directory = (data or known.data).absolute()
    owner = owner_of(directory)
    if owner:  # told first: its ports are taken too
        raise AlreadyOwned(directory / LOCK_FILE, owner)
    tenant = tenant_of(policy)  # and so on: what is wrong is told before anything is made
    if alerts:
        check_alerts(alerts)
    warehouse_url = warehouse or known.warehouse
    check_listens((listen, manage, control), warehouse_listen="" if warehouse_url else warehouse_listen)
    deployment = Deployment(
        policy=policy.absolute(),
        data=directory,
        keyring=keyring_at(directory),
        tenant=tenant,
        warehouse_url=warehouse_url,
        workers=workers,
        listen=listen,
        manage=manage,
        control=control,
        warehouse_listen=warehouse_listen,
        alerts=alerts.absolute() if alerts else None,
    )
    try:
        asyncio.run(run(deployment, inherited()))
    except PartFailed as trouble:
        raise CannotRun(str(trouble)) from trouble
    except OSError as failure:
        raise CannotRun(why_unwritable(directory, failure)) from failure


def check_listens(texts: tuple[str, str, str], *, warehouse_listen: str) -> None:
    """Try every address; the warehouse's is empty where it runs elsewhere. Raises CannotRun."""
    taken: dict[str, str] = {}
    for option, text in zip(LISTENS, (*texts, warehouse_listen), strict=True):
        if not text:
            continue
        endpoint = parse_endpoint(text, option)
        bind(endpoint, option).close()
        other = taken.setdefault(endpoint.text(), option) if endpoint.port else option
        if other != option:
            raise CannotRun(f"{other} and {option} are both {text}; choose another with {option}")


def keyring_at(directory: Path) -> Keyring:
    """The directory's secrets. Raises CannotRun."""
    try:
        return keyring_of(directory, secrets.token_bytes)
    except UnreadableKeyring as trouble:
        raise CannotRun(str(trouble)) from trouble
    except OSError as failure:
        raise CannotRun(why_unwritable(directory, failure)) from failure


def tenant_of(policy: Path) -> str:
    """The policy's tenant. Raises CannotRun with every problem of a wrong policy."""
    found, _ = loaded_policy(policy, time.time())
    return found.tenant


def hear(part: str, line: str) -> None:
    """A line of a child's output, prefixed by its name; our own without."""
    tell(line if part == OWN_VOICE else f"{part:<{WIDEST_NAME}} | {line}")


async def run(deployment: Deployment, environment: Mapping[str, str]) -> None:
    """Start, tell the addresses, wait for SIGINT, SIGTERM or the terminal's end, stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(each, stop.set)
    supervisor = Supervisor(
        deployment.data, gateway_parts(deployment), environment=environment, heard=hear, clock=time.time
    )
    supervisor.tenant = deployment.tenant
    if deployment.warehouse_url:
        supervisor.elsewhere = {"warehouse": deployment.warehouse_url}
    starting = asyncio.create_task(supervisor.start(), name="start")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():  # told to stop while starting: `start` stops what it has started
        starting.cancel()
        await asyncio.wait({starting})
        return
    await starting
    tell(summary(supervisor.urls, deployment))
    await stop.wait()
    tell("stopping: proxy first, warehouse last")
    await supervisor.stop()
    tell("stopped")


def summary(urls: Mapping[str, str], deployment: Deployment) -> str:
    """Where everything is, one line each."""
    lines = [
        f"gateway     {urls['proxy']}",
        f"management  {urls['manage']}  (token in {deployment.data / KEYRING_FILE})",
        f"console     {urls['control']}  (sign in with control_token of {deployment.data / KEYRING_FILE})",
        f"warehouse   {without_password(urls['warehouse'])}",
        f"policy      {deployment.policy}  (watched)",
        f"try         {command('status', '--data', deployment.data)}",
    ]
    return "\n".join(["tidegate is up; Ctrl-C stops it", *lines])
