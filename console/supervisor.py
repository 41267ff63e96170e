"""Starts the parts of a gateway in order, keeps them running, stops them in reverse order.

    parts = [
        Part(name="warehouse", listens={"warehouse": "127.0.0.1:0"},
             arguments=("-m", "warehouse.main", "--listen", Listen("warehouse"), "--data", str(data))),
        Part(name="analytics",
             arguments=("-m", "analytics.main", "--warehouse", Url("warehouse"))),
    ]
    supervisor = Supervisor(data, parts, environment=os.environ, heard=print_line, clock=time.time)
    await supervisor.start()          # raises AlreadyOwned, PartFailed (then nothing is left running)
    supervisor.urls["warehouse"]      # http://127.0.0.1:43210
    await supervisor.stop()

A part is ready when it prints `tidegate-NAME ready…` on either output. Port 0 becomes a free port
before the part starts, so that a restarted part comes back on the port that others know.
A part that ends by itself is restarted after 0.5 s, then 1 s, 2 s … 30 s; a minute of life starts
the count again. From the second time in a row its last words are told with it.
`console.deployment.gateway_parts` builds the four parts of a whole gateway.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path

import msgspec

from console.child import Child, Heard, PartFailed, launch
from console.extras import extras_of, require
from console.processes import PartState, Processes, forget_processes, write_processes
from warehouse.environment import without_secrets
from warehouse.exits import without_password
from warehouse.listening import bind, endpoint_of, parse_endpoint
from warehouse.ownership import Claim, claim

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 30.0
STEADY_AFTER_S = 60.0
OWN_VOICE = "tidegate"  # the part name under which the supervisor itself is heard


class Listen(msgspec.Struct, frozen=True):
    """In a part's arguments: HOST:PORT of the listener `name`."""

    name: str


class Url(msgspec.Struct, frozen=True):
    """In a part's arguments: http://HOST:PORT of the listener `name`, of this part or any other.

    In its environment the user and password are in it too; `ps` would show them among arguments.
    """

    name: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A process: `arguments` follow the interpreter's name; `listens` maps a name to HOST:PORT.

    `users` maps a listener to the `USER:PASSWORD` that it asks for. Secrets of Tidegate are in a part's
    environment only where `environment` has them: none is inherited.
    """

    name: str
    arguments: tuple[str | Listen | Url, ...]
    listens: dict[str, str] = {}
    users: dict[str, str] = {}
    environment: dict[str, str | Url] = {}
    ready_within_s: float = 60.0
    stops_within_s: float = 20.0
    restarts: bool = True


class Supervisor:
    """Owns the data directory and the child processes between `start` and `stop`."""

    def __init__(
        self,
        data: Path,
        parts: Sequence[Part],
        *,
        environment: Mapping[str, str],
        heard: Heard,
        clock: Callable[[], float],
    ) -> None:
        self.urls: dict[str, str] = {}
        self.tenant = "default"
        self.elsewhere: dict[str, str] = {}  # URLs of what runs, but is not ours
        self._data = data
        self._parts = tuple(parts)
        self._environment = without_secrets(environment)
        self._heard = heard
        self._clock = clock
        self._started_at = 0.0
        self._claim: Claim | None = None
        self._listens: dict[str, str] = {}
        self._children: dict[str, Child] = {}
        self._states: dict[str, PartState] = {}
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start every part, each when the one before it is ready.

        Raises AlreadyOwned, CannotRun or PartFailed; after either, nothing that was started still runs.
        """
        require(extras_of(part.arguments for part in self._parts))
        self._claim = claim(self._data)
        if self._claim.stale:
            self._tell(f"took over {self._data} from process {self._claim.stale}, which died without a stop")
        self._started_at = self._clock()
        is_up = False
        try:
            self._assign_ports()
            for part in self._parts:
                await self._start_part(part)
            is_up = True
        finally:
            if not is_up:
                await self.stop()
        for part in self._parts:
            self._spawn(f"keep {part.name}", self._keep(part))

    async def stop(self) -> None:
        """Stop every part in reverse order, so that telemetry is flushed before the warehouse ends."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._keepers.clear()
        for part in reversed(self._parts):
            child = self._children.pop(part.name, None)
            if child is not None and not await child.stop(part.stops_within_s):
                self._tell(f"{part.name} did not stop within {part.stops_within_s:g} s and was killed")
        if self._claim is not None:
            forget_processes(self._data)
            self._claim.close()
            self._claim = None

    def pid_of(self, name: str) -> int:
        """Process id of a part, 0 while it is down."""
        return self._states[name].pid if name in self._states else 0

    def _assign_ports(self) -> None:
        listens = {name: listen for part in self._parts for name, listen in part.listens.items()}
        self._listens = with_free_ports(listens)
        users = {name: f"{user}@" for part in self._parts for name, user in part.users.items()}
        ours = {name: f"http://{users.get(name, '')}{listen}" for name, listen in self._listens.items()}
        self.urls = {**self.elsewhere, **ours}

    def _spawn(self, name: str, work: Coroutine[object, object, None]) -> None:
        self._keepers.append(asyncio.get_running_loop().create_task(work, name=name))

    def _tell(self, line: str) -> None:
        self._heard(OWN_VOICE, line)

    def _resolve(self, argument: str | Listen | Url) -> str:
        match argument:
            case Listen(name):
                return self._listens[name]
            case Url(name):
                return without_password(self.urls[name])
            case _:
                return argument

    async def _start_part(self, part: Part) -> None:
        own = {
            name: self.urls[value.name] if isinstance(value, Url) else value
            for name, value in part.environment.items()
        }
        child = await launch(
            part.name,
            [self._resolve(argument) for argument in part.arguments],
            environment={**self._environment, **own},
            heard=self._heard,
        )
        self._children[part.name] = child
        known = self._states.get(part.name) or PartState(part.name, 0, 0)
        self._record(msgspec.structs.replace(known, pid=child.pid))
        await child.become_ready(part.ready_within_s)

    def _record(self, state: PartState) -> None:
        self._states[state.name] = state
        processes = Processes(
            os.getpid(), self._started_at, dict(self.urls), tuple(self._states.values()), self.tenant
        )
        try:
            write_processes(self._data, processes)
        except OSError as trouble:  # a full disk costs `status` its news, never a part its keeper
            self._tell(f"cannot note where the parts are, so `tidegate status` may be wrong: {trouble}")

    async def _keep(self, part: Part) -> None:
        """Wait for the part's end, tell it, restart it; for ever."""
        loop = asyncio.get_running_loop()
        backoff_s, in_a_row = FIRST_BACKOFF_S, 0
        while True:
            since = loop.time()
            child = self._children[part.name]
            code = await child.ended()
            state = self._states[part.name]
            again = state.restarts + 1 if part.restarts else state.restarts
            self._record(msgspec.structs.replace(state, pid=0, last_exit=code, restarts=again))
            if not part.restarts:
                self._tell(f"{part.name} {child.how_it_ended()}")
                return
            if loop.time() - since > STEADY_AFTER_S:
                backoff_s, in_a_row = FIRST_BACKOFF_S, 0
            in_a_row += 1
            often = f" ({in_a_row} times in a row){child.last_words()}" if in_a_row > 1 else ""
            self._tell(f"{part.name} {child.how_it_ended()}{often}; restarting it in {backoff_s:g} s")
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_s * 2, LONGEST_BACKOFF_S)
            await self._restart(part)

    async def _restart(self, part: Part) -> None:
        try:
            await self._start_part(part)
        except PartFailed as failure:
            child = self._children[part.name]
            if child.exit_code is None:  # not ready in time; that one ended is told by its keeper
                self._tell(f"{failure}; it is stopped")
            await child.stop(part.stops_within_s)
        except OSError as trouble:
            self._tell(f"cannot start {part.name}: {trouble}")
        else:
            self._tell(f"{part.name} is back as process {self.pid_of(part.name)}")


def with_free_ports(listens: Mapping[str, str]) -> dict[str, str]:
    """HOST:PORT by name, each port 0 replaced by a free one, all of them different."""
    sockets: list[socket.socket] = []
    resolved: dict[str, str] = {}
    try:
        for name, listen in listens.items():
            endpoint = parse_endpoint(listen, name)
            if endpoint.port == 0:
                probe = bind(endpoint, name)
                sockets.append(probe)
                endpoint = endpoint_of(probe)
            resolved[name] = endpoint.text()
    finally:
        for probe in sockets:
            probe.close()
    return resolved
