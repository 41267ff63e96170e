"""Several workers: one supervisor starts them by exec, restarts what crashes, and speaks for all.

Each worker listens on the same address (SO_REUSEPORT: the kernel spreads connections), follows the
policy itself, and has a name and a directory of its own. Limits are split, see proxy.limiter.
The supervisor serves the management endpoints: it asks the workers over Unix sockets and joins
what they tell. A crashed worker's buffered events are booked as lost before it starts again.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import msgspec

from kernel.readiness import Readiness
from proxy.limiter import error_of_split
from proxy.management import PolicyState, manage_token, management_app
from proxy.metrics import merged
from proxy.serving import FLUSH_S, HASH_KEY_FILE, managed
from proxy.settings import Credentials, Settings, kept_secret
from proxy.sockets import socket_directory
from warehouse.exits import COULD_NOT_RUN
from warehouse.listening import Endpoint, bind, endpoint_of
from warehouse.writer import book_lost

log = logging.getLogger("tidegate.proxy")

BACKOFF_S = (0.5, 30.0)  # first and longest pause before a restart
STEADY_S = 60.0  # a worker that lived this long starts again after the first pause
ASK_S = 2.0  # for a worker's answer to the supervisor
POLL_S = 0.1  # until all are ready
LATE_S = 5.0  # past drain and flush; then a worker is killed


class Child:
    """One worker's place: its process comes and goes."""

    def __init__(self, settings: Settings, index: int, socket_path: Path) -> None:
        self.settings = msgspec.structs.replace(settings, worker=index)
        self.socket_path = socket_path
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = 0
        self.client = httpx2.AsyncClient(
            transport=httpx2.AsyncHTTPTransport(uds=str(socket_path)),
            base_url="http://worker",
            timeout=ASK_S,
            trust_env=False,
        )

    def arguments(self) -> list[str]:
        """The command line of this worker."""
        settings = self.settings
        source = ("--policy", settings.policy) if settings.policy else ("--control", settings.control)
        options = {
            "--listen": settings.listen.text(),
            "--manage": f"unix:{self.socket_path}",
            "--workers": settings.workers,
            "--data": settings.data,
            "--tenant": settings.tenant,
            "--name": settings.name,
            "--drain-s": settings.drain_s,
            "--handlers": settings.handlers,
            "--clock": settings.tempo.text(),
            "--worker": settings.worker,
        }
        words = [str(word) for option in (source, *options.items()) for word in option]
        return ["-m", "proxy.main", *words, *(["--restarted"] if self.restarts else [])]

    async def start(self, environment: Mapping[str, str]) -> int:
        """Run once; the exit code. Its standard input ends when the supervisor does, however that ends."""
        self.socket_path.unlink(missing_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self.arguments(),
            stdin=asyncio.subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,
        )
        return await self.process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if there is anybody to get it."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def ask(self, path: str, token: str) -> bytes | None:
        """What a worker's management endpoint tells; None while it does not answer."""
        try:
            answer = await self.client.get(path, headers={"authorization": f"Bearer {token}"})
        except httpx2.HTTPError:
            return None
        return answer.content


class Crew:
    """All workers, as management sees them."""

    def __init__(self, children: tuple[Child, ...], token: str) -> None:
        self.children = children
        self.token = token
        self.draining = False

    async def ask(self, path: str) -> list[bytes]:
        """What the workers that answer tell."""
        answers = await asyncio.gather(*(child.ask(path, self.token) for child in self.children))
        return [answer for answer in answers if answer is not None]

    async def readiness(self) -> Readiness:
        """Ready while any worker is: connections go to those that listen. `workers` says how many."""
        told = [msgspec.json.decode(text, type=Readiness) for text in await self.ask("/readyz")]
        ready = [each for each in told if each.ready]
        # While workers differ (a reload reaches each within a second) the oldest overlays are told.
        return Readiness(
            ready=bool(ready) and not self.draining,
            draining=self.draining,
            revision=",".join(sorted({each.revision for each in told})),
            overlays_version=min((each.overlays_version for each in told), default=0),
            queue_depth=sum(each.queue_depth for each in told),
            workers=len(ready),
            restarts=sum(child.restarts for child in self.children),
        )

    async def metrics(self) -> bytes:
        """Every worker's series; `worker` tells them apart."""
        return merged([text.decode() for text in await self.ask("/metrics")])

    async def policies(self) -> tuple[PolicyState, ...]:
        """What each worker has in force."""
        told = await self.ask("/policy")
        return tuple(
            state for text in told for state in msgspec.json.decode(text, type=tuple[PolicyState, ...])
        )


class Supervisor:
    """Keeps every worker running until told to stop."""

    def __init__(
        self, crew: Crew, environment: Mapping[str, str], *, pauses_s: tuple[float, float] = BACKOFF_S
    ) -> None:
        self.crew = crew
        self.environment = environment
        self.pauses_s = pauses_s
        self.stopping = asyncio.Event()
        self.code = 0

    def stop(self) -> None:
        """Drain every worker; a second call cuts them short."""
        self.crew.draining = True
        self.stopping.set()
        for child in self.crew.children:
            child.send(signal.SIGTERM)

    def reload(self) -> None:
        """Have every worker look at its policy source."""
        for child in self.crew.children:
            child.send(signal.SIGHUP)

    async def keep(self, child: Child) -> None:
        """Run a worker again and again, with longer and longer pauses while it keeps crashing."""
        first_s, longest_s = self.pauses_s
        loop, pause_s = asyncio.get_running_loop(), first_s
        while not self.stopping.is_set():
            started_at = loop.time()
            code = await child.start(self.environment)
            if self.stopping.is_set():
                return
            if code == COULD_NOT_RUN and not child.restarts:
                self.code = code  # it said why; so it would at every start
                self.stop()
                return
            if loop.time() - started_at > STEADY_S:
                pause_s = first_s
            self.book(child, code, pause_s)
            child.restarts += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause_s)
            pause_s = min(pause_s * 2, longest_s)

    def book(self, child: Child, code: int, pause_s: float) -> None:
        """Say that a worker crashed, and book what it had not stored as lost.

        The next start takes back what it finds stored: an insert may have arrived unanswered.
        """
        booked = book_lost(child.settings.directory) if child.settings.warehouse else 0
        log.error(
            "worker %s ended with %d; %s; it starts again in %g s",
            child.settings.worker_name, code, fate_of(booked), pause_s,
        )  # fmt: skip

    async def until_ready(self) -> bool:
        """Wait until every worker is ready; False where that is not to be."""
        while not self.stopping.is_set():
            if (await self.crew.readiness()).workers == len(self.crew.children):
                return True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), POLL_S)
        return False

    async def kill_late(self, drain_s: float) -> None:
        """After the stop: whoever does not end in time is killed."""
        await self.stopping.wait()
        await asyncio.sleep(drain_s + FLUSH_S + LATE_S)
        for child in self.crew.children:
            child.send(signal.SIGKILL)

    async def run(self, where: Endpoint, drain_s: float) -> int:
        """Until every worker ended; the exit code."""
        late = asyncio.create_task(self.kill_late(drain_s), name="kill late workers")
        keeping = [
            asyncio.create_task(self.keep(each), name=str(each.socket_path)) for each in self.crew.children
        ]
        if await self.until_ready():
            print(f"tidegate-proxy ready on {where.url()}", file=sys.stderr, flush=True)
        await asyncio.gather(*keeping)
        late.cancel()
        return self.code


def fate_of(booked: int) -> str:
    """What is known of a crashed worker's events."""
    if not booked:
        return "none of its events is lost"
    return f"up to {booked:,} of its events are lost, less those found stored"


async def supervise(settings: Settings, credentials: Credentials, environment: Mapping[str, str]) -> int:
    """Run `settings.workers` workers; the process's exit code."""
    # Nobody may listen there yet (SO_REUSEPORT alone would share with whoever does); then it is held, so
    # that port 0 is one port for all.
    bind(settings.listen, "--listen").close()
    held = bind(settings.listen, "--listen", shared=True)
    where = endpoint_of(held)
    settings = msgspec.structs.replace(settings, listen=where)
    token = manage_token(credentials.manage_token, settings.data)
    hash_key = credentials.hash_key.hex() or kept_secret(settings.data / HASH_KEY_FILE)[0]
    # By the environment, because a process list shows options: the warehouse's URL may hold a password.
    secrets = {
        "TIDEGATE_MANAGE_TOKEN": token,
        "TIDEGATE_HASH_KEY": hash_key,
        "TIDEGATE_WAREHOUSE": settings.warehouse or "none",
    }
    log.warning("%s", error_of_split(settings.workers))
    with socket_directory(settings.data) as sockets:
        children = tuple(
            Child(settings, index, sockets / f"{index}.sock") for index in range(settings.workers)
        )
        crew = Crew(children, token)
        supervisor = Supervisor(crew, {**environment, **secrets})
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, supervisor.stop)
        loop.add_signal_handler(signal.SIGHUP, supervisor.reload)
        async with managed(management_app(crew, token), settings.manage):
            code = await supervisor.run(where, settings.drain_s)
        for child in children:
            await child.client.aclose()
    held.close()
    return code
