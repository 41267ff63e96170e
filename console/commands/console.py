"""`tidegate console`: serves the control API and the pages until it is told to stop."""

import asyncio
import contextlib
import functools
import secrets
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from console.control import create_app
from console.copying import Copying
from console.facts import WrongPolicy
from console.failures import is_full, why_unwritable
from console.keyring import KEYRING_FILE, UnreadableKeyring, keyring_of
from console.policy_file import why_refused
from console.settings import Settings, settings
from console.state import ControlState, open_state
from console.store import LOCK_FILE, STORE_FILE, UnreadableStore
from console.terminal import command_app, tell
from console.tokens import ROLES_OF_TOKEN, Token, Tokens
from console.watching import Watcher
from console.web.pages import add_pages
from kernel.clock import parse_tempo
from kernel.control import ANALYTICS
from warehouse.exits import CannotRun
from warehouse.failures import hush_clients
from warehouse.listening import bind, endpoint_of, parse_endpoint
from warehouse.ownership import claim

OPERATOR_NAME = "admin"  # as whom revisions and the audit name the bearer of the operator's token

app = command_app()


@app.command()
def console(
    policy: Annotated[Path, typer.Option(help="The policy file; watched.", show_default=False)],
    listen: Annotated[str, typer.Option(help="HOST:PORT; port 0 is any free port.")] = "127.0.0.1:8090",
    data: Annotated[Path | None, typer.Option(help="Directory of the store.", show_default="./var")] = None,
    warehouse: Annotated[
        str, typer.Option(help="URL of the warehouse, for the pages.", show_default=False)
    ] = "",
    clock: Annotated[str, typer.Option(hidden=True)] = "",
) -> None:
    """Run the console: the control API that proxies follow, and the pages for operators.

    The bearer tokens of operators, proxies and analytics come from TIDEGATE_CONTROL_TOKEN,
    TIDEGATE_PROXY_TOKEN and TIDEGATE_ANALYTICS_TOKEN, else from a keyring made in the data directory.
    """
    known = settings()
    directory = data or known.data
    hush_clients()
    try:
        tempo = parse_tempo(clock)
        store = directory / STORE_FILE
        opened = functools.partial(
            open_state, store, policy, time.time, tempo=tempo, random_bytes=secrets.token_bytes
        )
        with contextlib.closing(claim(directory, LOCK_FILE)):
            tokens = tokens_of(known, directory)
            with bind(parse_endpoint(listen, "--listen"), "--listen") as listener:
                asyncio.run(
                    serve(opened, listener=listener, tokens=tokens, warehouse=warehouse or known.warehouse)
                )
    except OSError as failure:
        raise CannotRun(why_unwritable(directory, failure)) from failure
    except (UnreadableKeyring, UnreadableStore, ValueError, sqlite3.Error) as trouble:
        why = f"no space is left on the disk of {directory}; free some" if is_full(trouble) else str(trouble)
        raise CannotRun(why) from trouble
    except WrongPolicy as wrong:
        raise CannotRun(why_refused(policy, wrong.problems)) from wrong


def tokens_of(known: Settings, directory: Path) -> tuple[Token, ...]:
    """One token a role: the environment's, else the keyring's, made where it is missing.

    Raises CannotRun where two are the same, UnreadableKeyring or OSError.
    """
    given = {
        "TIDEGATE_CONTROL_TOKEN": known.control_token,
        "TIDEGATE_PROXY_TOKEN": known.proxy_token,
        "TIDEGATE_ANALYTICS_TOKEN": known.analytics_token,
    }
    missing = [name for name, secret in given.items() if not secret]
    if missing:
        say_here(f"not set: {', '.join(missing)}; {directory / KEYRING_FILE} has what stands for them")
        kept = keyring_of(directory, secrets.token_bytes).to_console()
        given |= {name: kept[name] for name in missing}
    if len(set(given.values())) < len(given):
        raise CannotRun(f"{', '.join(given)} must differ, or a part could do what only operators may")
    operator, proxy, analytics = given.values()
    return (
        Token(operator, ROLES_OF_TOKEN["admin"], OPERATOR_NAME),
        Token(proxy, ROLES_OF_TOKEN["proxy"], "proxy"),
        Token(analytics, ROLES_OF_TOKEN["analytics"], ANALYTICS),
    )


def say_here(line: str) -> None:
    """A line about what the process does."""
    tell(f"tidegate-console: {line}")


class ControlServer(uvicorn.Server):
    """Ends by SIGTERM or SIGINT with exit code 0, and lets nobody wait in a long poll for it."""

    def __init__(self, config: uvicorn.Config, state: ControlState) -> None:
        super().__init__(config)
        self._state = state

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn's, it does not raise the signal again at the end."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self._end)
        yield

    def _end(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say that it is ready, once it is."""
        await super().startup(sockets)
        for each in sockets or []:
            tell(f"tidegate-console ready on {endpoint_of(each).url()}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer the long polls, then end."""
        await self._state.release_followers()
        await super().shutdown(sockets)


def watchers_of(state: ControlState, copying: Copying | None, tell: Callable[[str], None]) -> list[Watcher]:
    """What goes on beside the server."""
    watchers = [
        Watcher("taking changes of the policy file", lambda: state.watch_policy(tell), tell),
        Watcher("the expiry of overlays", state.expire_overlays, tell),
        Watcher("the expiry of rules", state.expire_rules, tell),
    ]
    if copying is not None:
        watchers.append(Watcher("copying to the warehouse", copying.run, tell))
    return watchers


async def serve(
    opened: Callable[[], ControlState],
    *,
    listener: socket.socket,
    tokens: tuple[Token, ...],
    warehouse: str,
) -> None:
    """Serve until told to stop. Raises WrongPolicy or UnreadableStore before anything is served."""
    state = opened()
    for line in state.told_at_start:
        say_here(line)
    accepted = Tokens(tokens)
    site = create_app(state, accepted)
    add_pages(site, state, accepted, warehouse)
    config = uvicorn.Config(
        site,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
    )
    server = ControlServer(config, state)
    copying = Copying(state, warehouse, say_here) if warehouse else None
    try:
        async with asyncio.TaskGroup() as group:
            watchers = [group.create_task(each.run()) for each in watchers_of(state, copying, say_here)]
            await server.serve(sockets=[listener])
            for watcher in watchers:
                watcher.cancel()
    finally:
        if copying is not None:
            copying.close()
        await state.close()
