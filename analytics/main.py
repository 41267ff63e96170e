"""`python -m analytics.main`: the analytics process; `… once` looks at an imported log once.

`… jobs` replays policies for it, in a process of its own, so that ticks do not wait: it starts that itself.
`… replay` replays a policy file at once, without a console. `… alerts-test` sends every sink a marked alert.

Exit codes: 0 ended on request, or looked; 1 a sink did not take the marked alert; 2 could not run.
"""

import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import msgspec
import typer
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from analytics.alerts import Alerts
from analytics.alerts_around import Surroundings
from analytics.alerts_file import AlertsFile, read_alerts_file
from analytics.alerts_journal import HeardArchive, WarehouseJournal
from analytics.alerts_trial import to_text as to_lines
from analytics.alerts_trial import try_sinks
from analytics.archive import WarehouseArchive
from analytics.control import Control
from analytics.engine import Engine
from analytics.enquiring import EnquiringReader
from analytics.loop import Loop, Pace
from analytics.once import Looked, analyse
from analytics.own_health import SelfWatch, Watching
from analytics.posting import Clocks
from analytics.proposer import Proposer
from analytics.publisher import Publisher, lease_length_s
from analytics.replay_child import beside_me
from analytics.replay_jobs import Times, Worker
from analytics.replay_rules import NotReplayable, compiled
from analytics.replaying import replay
from analytics.settings import CONTROL_URL, control_token, hash_key, warehouse_url
from analytics.situations import situation_of
from analytics.telling import in_words, moment
from kernel.clock import Tempo, parse_tempo, scaled
from kernel.replays import ReplayRequest
from warehouse.client import Link, WrongUrl, connect
from warehouse.command_line import run_command
from warehouse.evidence import EvidenceReader
from warehouse.exits import COULD_NOT_RUN, PROBLEMS_FOUND, CannotRun, without_password
from warehouse.failures import FAILURES, hush_clients, to_line, to_reason
from warehouse.health import HealthReader
from warehouse.migrate import migrate
from warehouse.readers_analytics import WindowReader
from warehouse.readers_replay import ReplayReader

CONNECT_EVERY_S = 0.5
NO_CONTROL = "none"
SOON_S = 5  # in which the warehouse answers, where one that hangs must not hold up what is to be told

log = logging.getLogger("tidegate.analytics")
watch_command = typer.Typer(add_completion=False)
once_command = typer.Typer(add_completion=False)
jobs_command = typer.Typer(add_completion=False)
replay_command = typer.Typer(add_completion=False)
alerts_command = typer.Typer(add_completion=False)

Warehouse = Annotated[
    str,
    typer.Option(
        callback=warehouse_url, help="URL of the warehouse", show_default="TIDEGATE_WAREHOUSE, else local"
    ),
]
Tenant = Annotated[str, typer.Option(help="whose traffic")]
Clock = Annotated[str, typer.Option(help="ORIGIN:STARTED:SCALE of a replay; empty: real time")]
AlertsOption = Annotated[Path | None, typer.Option(help="alerts.yaml: who is told of findings")]


@watch_command.command()
def watch(
    *,
    warehouse: Warehouse = "",
    control: Annotated[str, typer.Option(help="URL of the control endpoint, or `none`")] = CONTROL_URL,
    tenant: Tenant = "default",
    tick_ms: Annotated[int, typer.Option(min=50, help="time between two looks at the watermark")] = 250,
    clock: Clock = "",
    alerts: AlertsOption = None,
) -> None:
    """Watch, find, set adaptive limits, and tell, until SIGTERM or SIGINT."""
    tempo = tempo_of(clock)
    wanted = read_alerts_file(alerts, os.environ) if alerts else None
    stop = stopping()
    holder = f"analytics-{os.getpid()}-{time.time_ns():x}"
    no_control = control == NO_CONTROL
    endpoint = None if no_control else Control(control, tenant, token=control_token(), holder=holder)
    ready = f"tidegate-analytics ready, reading {without_password(warehouse)}\n"
    if tempo.scale != 1.0:
        log.info("a replay, %g times as fast: latencies are not the log's, D17 does not run", tempo.scale)
    with ExitStack() as beside:
        if endpoint is not None:
            beside.callback(endpoint.close)
        telling = None
        if wanted is not None:
            link = Link(warehouse, timeout_s=SOON_S)
            beside.callback(link.close)
            telling = Telling(wanted, link, tenant, tempo, control=endpoint)
            beside.enter_context(telling.running())
        client = patiently(warehouse, stop, tried=lambda: sys.stderr.write(ready))
        if client is None:
            return
        beside.callback(client.close)
        proposer = Proposer(enquiring(client, connect(warehouse), tenant, beside))
        publisher = Publisher(endpoint, time.monotonic, scale=tempo.scale, proposer=proposer)
        loop = Loop(
            Engine(tenant, is_timed=tempo.scale == 1.0),
            WindowReader(client, tenant),
            archive=telling.archive_over(client) if telling else WarehouseArchive(client, tenant),
            publisher=publisher,
            pace=Pace(scaled(time.time, tempo), tempo.scale, tempo.origin),
        )
        if endpoint is not None:
            # What the environment says is heard there, too: `ps` would show the URL's password.
            where = [] if warehouse == warehouse_url("") else ["--warehouse", warehouse]
            asked = [*where, "--control", control, "--tenant", tenant, "--clock", clock]
            beside.enter_context(beside_me([*asked, "--holder", holder], time.monotonic))
        if telling is not None:
            telling.surroundings.join(loop, publisher, proposer)
        loop.run(stop, tick_ms / 1e3)
    log.info("ended after %s", in_words(msgspec.structs.asdict(loop.counters)))


def enquiring(client: Client, second: Client, tenant: str, beside: ExitStack) -> EnquiringReader:
    """Evidence that the loop waits for, and evidence that a thread with a client of its own asks for."""
    threads = ThreadPoolExecutor(1, thread_name_prefix="conduct")
    beside.callback(second.close)
    beside.callback(threads.shutdown, cancel_futures=True)
    return EnquiringReader(client, tenant, beside=EvidenceReader(second, tenant), threads=threads)


class Telling:
    """The alerts' thread and what it asks, with a client of the warehouse of its own."""

    def __init__(
        self, wanted: AlertsFile, link: Link, tenant: str, tempo: Tempo, *, control: Control | None
    ) -> None:
        self._tenant = tenant
        clocks = Clocks(scaled(time.time, tempo), time.time, time.monotonic)
        journal = WarehouseJournal(link, tenant)
        self._alerts = Alerts(wanted, journal, tenant=tenant, clocks=clocks, jitter=random.random)
        watching = Watching(wanted.objective, tempo.scale)
        own = SelfWatch(lambda: HealthReader(link(), tenant), control, watching)
        lease_s = lease_length_s(tempo.scale)
        self.surroundings = Surroundings(
            control, conditions=own.look, monotonic=time.monotonic, lease_s=lease_s
        )

    def archive_over(self, client: Client) -> WarehouseArchive:
        """The loop's archive, which the alerts hear."""
        return HeardArchive(client, self._tenant, self._alerts.hear)

    def running(self) -> AbstractContextManager[None]:
        """Tell for the length of a with block; until the warehouse is there, only that it is not."""
        return self._alerts.running(self.surroundings.around)


@alerts_command.command()
def alerts_test(
    *,
    alerts: Annotated[Path, typer.Option(help="alerts.yaml")],
    sink: Annotated[str, typer.Option(help="only this one", show_default="all")] = "",
    tenant: Tenant = "default",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON array")] = False,
    check: Annotated[bool, typer.Option(help="read the file, and send nothing")] = False,
) -> None:
    """Send a marked alert, firing and then resolved, to every sink; tell how each fared."""
    wanted = read_alerts_file(alerts, os.environ)
    if check:
        return
    chosen = [each for each in wanted.sinks if sink in ("", each.name)]
    if not chosen:
        known = ", ".join(each.name for each in wanted.sinks)
        raise CannotRun(f"--sink {sink!r} is not in {alerts}; its sinks: {known}")
    tried = try_sinks(chosen, tenant, time.time())
    sys.stdout.write(msgspec.json.encode(tried).decode() + "\n" if as_json else to_lines(tried))
    if not all(each.delivered for each in tried):
        raise typer.Exit(PROBLEMS_FOUND)


@once_command.command()
def once(
    *,
    warehouse: Warehouse = "",
    tenant: Tenant = "default",
    table: Annotated[str, typer.Option(help="`imports` or `requests`")] = "imports",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON array of findings")] = False,
) -> None:
    """Judge a whole table once; findings are written to the warehouse and printed."""
    if table not in ("imports", "requests"):
        raise CannotRun(f"--table must be `imports` or `requests`, not {table!r}")
    try:
        client = connect(warehouse)
        migrate(client)
        reader = WindowReader(client, tenant, table="imports" if table == "imports" else "requests")
        looked = analyse(reader, tenant, show_progress)
        WarehouseArchive(client, tenant).keep_findings(looked.findings)
    except (WrongUrl, ClickHouseError) as problem:
        raise CannotRun(f"the warehouse {without_password(warehouse)}: {to_reason(problem)}") from problem
    if as_json:
        sys.stdout.write(msgspec.json.encode(looked.findings).decode() + "\n")
    else:
        sys.stdout.write(to_text(looked))


@jobs_command.command()
def jobs(
    *,
    warehouse: Warehouse = "",
    control: Annotated[str, typer.Option(help="URL of the control endpoint")] = CONTROL_URL,
    tenant: Tenant = "default",
    holder: Annotated[str, typer.Option(help="as whom jobs are claimed")] = "replays",
    clock: Clock = "",
) -> None:
    """Replay what operators ask for, until standard input ends, SIGTERM or SIGINT."""
    tempo = tempo_of(clock)
    stop = stopping()
    Thread(target=end_with_input, args=(stop,), daemon=True, name="parent").start()
    client = patiently(warehouse, stop, tried=lambda: None)
    if client is None:
        return
    desk = Control(control, tenant, token=control_token(), holder=holder)
    times = Times(time.monotonic, scaled(time.time, tempo))
    Worker(desk, client, tenant, hash_key=key_of_hashes(), times=times).run(stop)
    desk.close()
    client.close()


@replay_command.command()
def replay_once(
    *,
    policy: Annotated[Path, typer.Option(help="the candidate")],
    base: Annotated[Path, typer.Option(help="the policy in force then")],
    since: Annotated[float, typer.Option(help="seconds since 1970")],
    until: Annotated[float, typer.Option(help="seconds since 1970")],
    warehouse: Warehouse = "",
) -> None:
    """Replay a policy file over stored requests; the report is printed as JSON."""
    try:
        client = connect(warehouse)
        in_force = base.read_text()
        tenant = compiled(in_force, str(base), at=since, hash_key=b"").tenant
        request = ReplayRequest(policy.read_text(), since, until)
        situation = situation_of(client, tenant, request, base=in_force)
        situation = msgspec.structs.replace(situation, hash_key=key_of_hashes())
        source = ReplayReader(client, tenant)
        report = replay(request, situation, source, progress=lambda _: True, clock=time.monotonic)
    except (WrongUrl, ClickHouseError) as problem:
        raise CannotRun(f"the warehouse {without_password(warehouse)}: {to_reason(problem)}") from problem
    except (NotReplayable, OSError) as problem:
        raise CannotRun(str(problem)) from problem
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")


def key_of_hashes() -> bytes:
    """The deployment's key. Raises CannotRun."""
    try:
        return hash_key()
    except ValueError as problem:
        raise CannotRun(f"TIDEGATE_HASH_KEY: {problem}") from problem


def end_with_input(stop: Event) -> None:
    """Standard input is a pipe of the parent's: it ends when the parent does, however that was."""
    sys.stdin.buffer.read()
    stop.set()


def to_text(looked: Looked) -> str:
    """For people: one line for each finding, then what was looked at."""
    lines = [
        f"{moment(finding.onset)}  {finding.detector:4} {finding.kind:20} {finding.summary}"
        for finding in looked.findings
    ]
    if looked.rows:
        span = f"{looked.rows} requests from {moment(looked.first)} to {moment(looked.last)}"
        found = len(looked.findings)
        lines.append(f"{found} {'finding' if found == 1 else 'findings'} in {span}")
    else:
        lines.append("the table holds no requests of this tenant")
    return "\n".join(lines) + "\n"


def show_progress(done_s: int, all_s: int) -> None:
    """A line that is written over, where somebody watches."""
    if sys.stderr.isatty():
        sys.stderr.write(
            f"\rlooked at {done_s / max(all_s, 1):.0%} of the log" + ("\n" if done_s >= all_s else "")
        )


def stopping() -> Event:
    """An event that SIGTERM and SIGINT set."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def patiently(url: str, stop: Event, *, tried: Callable[[], object]) -> Client | None:
    """A client of a migrated warehouse; waits for it. None where the process was stopped before.

    `tried` is called after the first try, whatever came of it.
    """
    is_first = True
    while not stop.is_set():
        client = None
        try:
            connect(url, timeout_s=SOON_S).close()  # one that hangs is not waited for as long as for a query
            client = connect(url)
            migrate(client)
        except WrongUrl as problem:
            raise CannotRun(str(problem)) from problem
        except FAILURES as problem:
            if is_first:
                log.warning("waiting: %s; it is %s", to_line(problem), without_password(url))
            client = None
        if is_first:
            tried()
        is_first = False
        if client is not None:
            return client
        stop.wait(CONNECT_EVERY_S)
    return None


def tempo_of(clock: str) -> Tempo:
    """The clock's tempo. Raises CannotRun."""
    try:
        return parse_tempo(clock)
    except ValueError as problem:
        raise CannotRun(f"--clock: {problem}") from problem


def main(arguments: list[str], complain: Callable[[str], object]) -> int:
    """Run; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    hush_clients()
    commands = {
        "once": once_command,
        "jobs": jobs_command,
        "replay": replay_command,
        "alerts-test": alerts_command,
    }
    name = arguments[0] if arguments and arguments[0] in commands else ""
    try:
        if name:
            return run_command(commands[name], arguments[1:], f"tidegate analytics {name}", complain)
        return run_command(watch_command, arguments, "tidegate analytics", complain)
    except CannotRun as reason:
        complain(f"tidegate-analytics: {reason}\n")
        return COULD_NOT_RUN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stderr.write))
