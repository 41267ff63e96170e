"""The demo on a log: its requests go through the gateway again, on one clock that runs faster (lab.course).

Generator, limits and windows all read that clock. Each real second analytics processes every window
that passed. Delays are told in the log's time.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from clickhouse_connect.driver.client import Client

from console.called import command
from console.supervisor import Supervisor
from kernel.addresses import identity_of_address
from kernel.clock import scaled
from kernel.decide import Reason
from lab.course import Course, course_of, span_text, warning_of
from lab.demo import address_of, sleep_until
from lab.driver import Driver, Due
from lab.logfile import Log, read_log, request_of
from lab.narrator import Figures, Narrator, figures_of, line_of
from lab.policies import log_policy
from lab.record import LEGITIMATE, Sent
from lab.replay_table import NOTE, Replayed, replay_rows
from lab.scoring import Seen
from lab.simulation import STOPPING, Wanted, hearing, tell_start
from lab.stage import Staging, staged
from lab.stopping import unless_stopped
from lab.table import is_met, print_table
from lab.warehouse_reader import open_reader
from lab.watch import Watch
from warehouse.client import connect
from warehouse.imports import busiest, first_segment

TAIL_S = 4.0  # real seconds after the last request, for findings to be made
LEADS_S = (12.0, 40.0)  # real seconds that the processes get for their start
CONNECTIONS = 64
PATIENCE_S = 20.0
TOLD_LINES = 20
ROUTES = 40


class StartedLate(Exception):
    """The processes were not ready when the replay had to begin."""


async def replay(wanted: Wanted, path: Path, narrator: Narrator, stop: asyncio.Event) -> bool:
    """Replay a log; whether every line is accounted for.

    Raises EmptyLog, OSError, Interrupted, PartFailed, StartedLate.
    """
    narrator.say(f"reading {path}")
    log = await asyncio.to_thread(read_log, path)
    narrator.loud(f"Tidegate demo on {path}: {log.lines} lines, {len(log.entries)} requests")
    for each in log.told[:TOLD_LINES]:
        narrator.say(f"  line {each.line} is not replayed: {each.reason}: {each.text.strip()}")
    if len(log.told) > TOLD_LINES:
        narrator.say(f"  and {len(log.told) - TOLD_LINES} more lines")
    for lead_s in LEADS_S:
        try:
            return await replay_once(wanted, log, narrator, stop=stop, lead_s=lead_s)
        except StartedLate:
            narrator.say("the start took too long; once more, with more time for it")
    raise StartedLate(f"the processes were not ready within {LEADS_S[-1]:.0f} s")


async def replay_once(
    wanted: Wanted, log: Log, narrator: Narrator, *, stop: asyncio.Event, lead_s: float
) -> bool:
    """One try, of which the processes have `lead_s` to start."""
    course = course_of(log, time.time() + lead_s)
    segments: dict[str, int] = {}
    for entry in log.entries:
        name = first_segment(entry.path)
        segments[name] = segments.get(name, 0) + 1
    staging = Staging(
        data=wanted.data,
        policy=lambda url: log_policy(url, busiest(segments, ROUTES)),
        keyring=wanted.keyring,
        upstream=("lab.echo",),
        clock=course.tempo.text(),
    )
    tell_course(log, course, narrator)
    tell_start(wanted.data, "site", narrator)
    began = time.monotonic()
    supervisor = staged(staging, wanted.environment, hearing(narrator, wanted.verbose))
    try:
        await unless_stopped(supervisor.start(), stop)
        if time.time() > course.tempo.started:
            raise StartedLate
        narrator.say(
            f"started in {time.monotonic() - began:.1f} s; the first request is sent in"
            f" {course.tempo.started - time.time():.0f} s, when the clock that all share begins"
        )
        await asyncio.to_thread(keep_everything, connect(supervisor.urls["warehouse"]))
        with narrator:
            replayed = await unless_stopped(perform(log, course, supervisor, narrator=narrator), stop)
        rows = replay_rows(replayed)
        print_table(narrator.console, f"{log.path}", rows, NOTE)
        if not wanted.once:
            narrator.say(f"try  {command('findings', '--data', wanted.data)}   (Ctrl-C ends the demo)")
            await stop.wait()
            narrator.say(STOPPING)
    finally:
        await supervisor.stop()
    return is_met(rows)


def tell_course(log: Log, course: Course, narrator: Narrator) -> None:
    """How fast the log is replayed, and where that is not as fast as the clock."""
    pace = f"{span_text(log.length_s)} in {course.duration_s:.0f} s"
    if course.tempo.scale > 1.0:
        scale = f"{course.tempo.scale:.0f}"
        pace += f": the clock runs {scale} times as fast; a second of delay is {scale} s of the log"
    narrator.say(pace)
    warning = warning_of(course)
    if warning:
        narrator.say(warning)


def keep_everything(client: Client) -> None:
    """The replay's warehouse drops nothing: a log may be longer than raw rows are kept."""
    client.command("ALTER TABLE requests REMOVE TTL")
    client.close()


async def perform(log: Log, course: Course, supervisor: Supervisor, *, narrator: Narrator) -> Replayed:
    """Send everything, watch, account."""
    clock = scaled(time.time, course.tempo)
    driver = Driver(address_of(supervisor.urls["proxy"]), clock, connections=CONNECTIONS)
    reader = open_reader(
        supervisor.urls["warehouse"], supervisor.tenant, since=course.tempo.origin - 86_400, clock=clock
    )
    watch = Watch(reader, clock, tell_in_log_time(narrator, course))
    loop = asyncio.get_running_loop()
    started = loop.time() + course.tempo.started - time.time()
    async with asyncio.TaskGroup() as group:
        group.create_task(driver.serve(), name="driver")
        beside = [
            group.create_task(watch.follow(), name="watch"),
            group.create_task(tick(driver, course, narrator, started), name="tick"),
        ]
        await send(log, course, driver, started)
        driver.finish()
        await sleep_until(started + course.duration_s + TAIL_S)
        for task in beside:
            task.cancel()
    await watch.look()
    telemetry = await watch.account(driver.begun, PATIENCE_S)
    refusals = await watch.refusals()
    return Replayed(
        lines=log.lines,
        requests=len(log.entries),
        told=len(log.told),
        as_logged=sum(is_as_logged(each) for each in driver.sent),
        refused=sum(is_refused_here(each) for each in driver.sent),
        own=refusals.get(Reason.ABNORMAL_USAGE, 0),
        telemetry=telemetry,
        findings=tuple(watch.seen.values()),
        scale=course.tempo.scale,
    )


async def send(log: Log, course: Course, driver: Driver, started: float) -> None:
    """Submit each request at its time on the clock."""
    for entry, offset in zip(log.entries, course.offsets, strict=True):
        due = started + offset
        if due > asyncio.get_running_loop().time():
            await sleep_until(due)
        request = request_of(entry, "site.example")
        driver.submit(
            Due(request, identity_of_address(entry.address), LEGITIMATE, f"{entry.method} {entry.status}")
        )


async def tick(driver: Driver, course: Course, narrator: Narrator, started: float) -> None:
    """A status line each second."""
    told = 0
    for second in itertools.count(1):
        await sleep_until(started + second)
        recent = driver.sent[told:]
        told += len(recent)
        moment = course.log_time(course.tempo.at(course.tempo.started + second))
        narrator.tick(line_of(second, moment, replayed_figures(recent), refused="refused"))


def is_as_logged(sent: Sent) -> bool:
    """Whether a request was answered with the status that the log has, which its `route` ends in."""
    return sent.route.endswith(f" {sent.status}")


def is_refused_here(sent: Sent) -> bool:
    """Whether this gateway refused a request, and not the log's server."""
    return sent.is_refused and not is_as_logged(sent)


def replayed_figures(recent: Sequence[Sent]) -> Figures:
    """A second's figures, of which the refusals are this gateway's."""
    refused = sum(is_refused_here(each) for each in recent)
    return msgspec.structs.replace(figures_of(recent), refused=refused)


def tell_in_log_time(narrator: Narrator, course: Course) -> Callable[[Seen], None]:
    """Tells findings with the times of the log."""

    def tell(seen: Seen) -> None:
        finding = seen.finding
        delay_s = seen.finding.found_at - finding.onset
        narrator.loud(
            f"  found: {finding.summary} ({finding.kind}; began {course.log_time(finding.onset)},"
            f" found {delay_s:.0f} s of the log later)"
        )

    return tell
