"""One proxy process from start to exit: bind, first policy, serve, drain, flush.

The order of the drain is a promise to operators: /readyz says 503, the listener closes, open
requests end (or are cut at the deadline, as `drained`), telemetry is flushed, then management ends.
uvicorn's signal handling is replaced, because code after its `serve()` would never run.
"""

import asyncio
import contextlib
import gc
import logging
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI

from kernel.clock import scaled
from proxy.app import answers_of, gateway_app, load_handlers
from proxy.gateway import Gateway, Nature
from proxy.holder import SnapshotHolder
from proxy.last_good import LastGood
from proxy.management import Worker, manage_token, management_app
from proxy.native import Listener
from proxy.settings import ALONE, Credentials, Settings, kept_secret
from proxy.sink import NoWarehouse, Sink, Writer
from proxy.sources import ControlSource, FileSource, Intake, Source, control_client
from warehouse.batches import Origin
from warehouse.exits import COULD_NOT_RUN
from warehouse.listening import Endpoint, bind, endpoint_of, not_listening
from warehouse.writer import EventWriter, WriterSettings, book_lost

log = logging.getLogger("tidegate.proxy")

TICK_S = 0.1  # of the limiter's sweep
TICKS_PER_NOTE = 10  # the ledger has a row each second
TOP_ADDRESSES = 8
FLUSH_S = 5.0  # for the last batches; what is left then is in the spool
CUT_S = 2.0  # from the drain's deadline to the end of every connection
HASH_KEY_FILE = "hash-key"
QUIET: dict[str, Any] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
}


class Server(uvicorn.Server):
    """uvicorn's server under signals of our own; `listening` is set once it accepts."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Proxy:
    """One worker's parts, built before it serves."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self.settings = settings
        self.app = gateway_app(load_handlers(settings.handlers))
        hash_key = credentials.hash_key or bytes.fromhex(kept_secret(settings.data / HASH_KEY_FILE)[0])
        clock = scaled(time.time, settings.tempo)
        self.gateway = Gateway(
            SnapshotHolder(hash_key, settings.workers),
            Sink(NoWarehouse(), settings.worker_name, int(clock() * 1e6)),
            nature=Nature(clock, time.monotonic, random.getrandbits),
            answers=answers_of(self.app),
        )
        self.source = source_of(settings, credentials, self.gateway)
        self.stopping = asyncio.Event()
        self.hurrying = asyncio.Event()

    def stop(self) -> None:
        """Begin to drain; a second call ends the drain."""
        if self.stopping.is_set():
            self.hurrying.set()
        self.stopping.set()

    async def first_policy(self) -> tuple[str, ...]:
        """Get a first policy, or wait for one; the problems of a file that cannot be used."""
        source, intake = self.source, self.source.intake
        if isinstance(source, FileSource):
            problems = await source.look()
            usable = not problems or (self.settings.restarted and await intake.take_last_good())
            return () if usable else problems
        if await source.poll(timeout_s=0) and intake.holder.has_policy:
            return ()
        if await intake.take_last_good():
            source.revision = intake.holder.snapshot.revision
            return ()
        log.warning("no policy yet, and none on disk: the gateway does not listen until it has one")
        following = asyncio.create_task(source.run(), name="first policy")
        stopping = asyncio.create_task(self.stopping.wait(), name="stopping")
        while not intake.holder.has_policy and not self.stopping.is_set():
            await asyncio.wait({following, stopping}, timeout=TICK_S, return_when=asyncio.FIRST_COMPLETED)
        await cancelled(following, stopping)
        return ()

    async def housekeeping(self) -> None:
        """Beside the requests: sweep buckets, note what is open."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            self.gateway.limiter.sweep(self.gateway.clock())
            ticks += 1
            if ticks % TICKS_PER_NOTE == 0 and self.gateway.transport is not None:
                transport = self.gateway.transport
                self.gateway.sink.writer.note(transport.open_requests, transport.top_addresses(TOP_ADDRESSES))


def source_of(settings: Settings, credentials: Credentials, gateway: Gateway) -> Source:
    """Where this worker's policy comes from."""
    intake = Intake(gateway.holder, LastGood(settings.directory), gateway.clock)
    if settings.policy is not None:
        return FileSource(settings.policy, intake)
    client = control_client(settings.control or "", credentials.control_token)
    client.params = client.params.set("proxy", gateway.sink.worker)  # who is seen in `tidegate status`
    return ControlSource(client, settings.tenant, intake)


def writer_of(settings: Settings, gateway: Gateway) -> Writer:
    """The writer of this boot; what an earlier boot left in its buffer is booked as lost first."""
    if settings.warehouse is None:
        return NoWarehouse()
    book_lost(settings.directory)
    origin = Origin(gateway.holder.snapshot.tenant, gateway.sink.worker, gateway.sink.boot)
    how = WriterSettings(settings.warehouse, settings.directory, pace=settings.tempo.scale)
    return EventWriter(origin, how, gateway.clock)


async def cancelled(*tasks: asyncio.Task[object]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def relay(proxy: Proxy, bound: socket.socket) -> int:
    """Serve until told to stop, then drain; the process's exit code."""
    code = 0
    gateway = proxy.gateway
    gateway.sink.writer = writer_of(proxy.settings, gateway)
    gateway.sink.writer.start()
    transport = Listener(gateway)
    transport.start()
    config = uvicorn.Config(
        proxy.app, http=transport.protocol, ws="none", lifespan="on", proxy_headers=False, **QUIET
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]), name="gateway")
    listening = asyncio.create_task(server.listening.wait(), name="listening")
    await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
    await cancelled(listening)
    if not serving.done():
        gateway.transport = transport
        announce(proxy, bound)
        code = await until_stopped(proxy, serving)
        await drain(proxy, server, serving)
    transport.close()
    await asyncio.to_thread(gateway.sink.writer.stop, FLUSH_S)
    try:
        await serving
    except OSError as failure:
        raise not_listening(proxy.settings.listen, "--listen", failure) from failure
    return code


def announce(proxy: Proxy, bound: socket.socket) -> None:
    """Tell that the gateway is ready, and spare what lives for ever from the collector's passes."""
    gc.collect()
    gc.freeze()
    where = endpoint_of(bound).url()
    alone = proxy.settings.worker == ALONE
    ready = f"tidegate-proxy ready on {where}" if alone else f"worker {proxy.settings.worker_name} on {where}"
    print(ready, file=sys.stderr, flush=True)


async def until_stopped(proxy: Proxy, serving: asyncio.Task[None]) -> int:
    """Follow the policy and keep house until a signal: 0; or until one of them fails, a bug: 1."""
    following = asyncio.create_task(proxy.source.run(), name="policy source")
    housekeeping = asyncio.create_task(proxy.housekeeping(), name="housekeeping")
    stopping = asyncio.create_task(proxy.stopping.wait(), name="stopping")
    tasks: set[asyncio.Task[Any]] = {serving, following, housekeeping, stopping}
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for failed in done - {stopping, serving}:
        log.critical("%s ended; the gateway drains", failed.get_name(), exc_info=failed.exception())
    await cancelled(following, housekeeping, stopping)
    return 1 if done - {stopping, serving} else 0


async def drain(proxy: Proxy, server: Server, serving: asyncio.Task[None]) -> None:
    """Close the listener, let open requests end, cut what is left at the deadline."""
    proxy.gateway.draining = True
    server.should_exit = True
    hurrying = asyncio.create_task(proxy.hurrying.wait(), name="hurrying")
    waited: set[asyncio.Task[Any]] = {serving, hurrying}
    await asyncio.wait(waited, timeout=proxy.settings.drain_s, return_when=asyncio.FIRST_COMPLETED)
    await cancelled(hurrying)
    if serving.done():
        return
    transport = proxy.gateway.transport
    assert transport is not None
    log.warning("drain's deadline passed: %d open requests are cut", transport.open_requests)
    transport.cut()
    for task in server.server_state.tasks:
        task.cancel()
    server.force_exit = True
    await asyncio.wait({serving}, timeout=CUT_S)


async def serve(settings: Settings, credentials: Credentials) -> int:
    """Run one worker; the process's exit code."""
    proxy = Proxy(settings, credentials)
    bound = bind(settings.listen, "--listen", shared=settings.worker != ALONE)
    handle_signals(proxy)
    token = manage_token(credentials.manage_token, settings.data)
    app = management_app(Worker(proxy.gateway), token)
    async with managed(app, settings.manage):
        problems = await proxy.first_policy()
        if problems:  # the log has told each
            return COULD_NOT_RUN
        return 0 if proxy.stopping.is_set() else await relay(proxy, bound)


def handle_signals(proxy: Proxy) -> None:
    """SIGTERM and SIGINT drain, SIGHUP reloads; a worker whose supervisor died drains too."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, proxy.stop)
    loop.add_signal_handler(signal.SIGHUP, proxy.source.reload)
    if proxy.settings.worker != ALONE:
        tether = sys.stdin.fileno()

        def on_supervisor_gone() -> None:
            loop.remove_reader(tether)
            proxy.stop()

        loop.add_reader(tether, on_supervisor_gone)


@contextlib.asynccontextmanager
async def managed(app: FastAPI, endpoint: Endpoint) -> AsyncIterator[None]:
    """The management endpoints, until the body ends."""
    quiet = uvicorn.Config(app, http="httptools", ws="none", lifespan="off", proxy_headers=False, **QUIET)
    quiet.uds = endpoint.path or None
    sockets = None if endpoint.path else [bind(endpoint, "--manage")]
    server = Server(quiet)
    serving = asyncio.create_task(server.serve(sockets), name="management")
    listening = asyncio.create_task(server.listening.wait(), name="management listening")
    await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
    await cancelled(listening)
    if sockets and not serving.done():
        log.info("management on %s", endpoint_of(sockets[0]).url())
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        try:
            await serving
        except OSError as failure:
            raise not_listening(endpoint, "--manage", failure) from failure
