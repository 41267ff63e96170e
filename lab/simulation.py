"""The demo on simulated traffic: start, play, measure, show the table, stay up."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from console.called import command
from console.keyring import Keyring
from console.supervisor import OWN_VOICE, Supervisor
from lab.demo import Performance, Scene, keep_going, tell_finding
from lab.narrator import Narrator
from lab.policies import demo_policy
from lab.population import draw_population, keys_of
from lab.scenario import LEARNING_S, draw_scenario
from lab.stage import Staging, staged
from lab.stopping import unless_stopped
from lab.table import NOTE, Results, is_met, print_table, rows_of
from lab.traffic import traffic
from lab.warehouse_reader import open_reader
from lab.watch import Watch
from warehouse.exits import without_password

STOPPING = "stopping"  # takes seconds: telemetry is flushed before the warehouse ends


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How to run the demo."""

    data: Path
    keyring: Keyring
    environment: dict[str, str]
    seed: int
    once: bool
    verbose: bool


def hearing(narrator: Narrator, verbose: bool) -> Callable[[str, str], None]:
    """What to do with the lines of the processes: the supervisor's own are always told."""

    def hear(part: str, line: str) -> None:
        if verbose or part == OWN_VOICE:
            narrator.say(f"  {part} | {line}")

    return hear


async def simulate(wanted: Wanted, narrator: Narrator, stop: asyncio.Event) -> bool:
    """Run the demo; whether every target was met. Raises Interrupted, PartFailed, AlreadyOwned."""
    began, since = time.monotonic(), time.time()
    people = draw_population(wanted.seed)
    scenario = draw_scenario(wanted.seed, people, traffic(people, wanted.seed))
    staging = Staging(
        data=wanted.data,
        policy=lambda url: demo_policy(url, keys_of(people)),
        keyring=wanted.keyring,
        upstream=("lab.shop", "--data", str(wanted.data / "shop"), "--seed", str(wanted.seed)),
    )
    narrator.loud(
        f"Tidegate demo, seed {wanted.seed}: {len(people)} clients; the same seed plays the same again"
    )
    tell_start(wanted.data, "shop", narrator)
    supervisor = staged(staging, wanted.environment, hearing(narrator, wanted.verbose))
    try:
        await unless_stopped(supervisor.start(), stop)
        narrator.say(f"started in {time.monotonic() - began:.1f} s; learning for {LEARNING_S:.0f} s")
        if not wanted.once:
            tell_console(supervisor.urls["control"], wanted.keyring, narrator)
        scene = Scene(scenario, people, dict(supervisor.urls), time.time)
        watch = watch_of(supervisor, narrator, since)
        with narrator:
            results = await unless_stopped(Performance(scene, watch, narrator).run(), stop)
        if wanted.verbose:
            tell_stages(results, narrator)
        rows = rows_of(results)
        took_s = time.monotonic() - began
        print_table(narrator.console, f"Seed {wanted.seed}, {took_s:.0f} s from start to table", rows, NOTE)
        if not wanted.once:
            tell_what_to_try(supervisor, wanted.data, narrator)
            tell_console(supervisor.urls["control"], wanted.keyring, narrator)
            with narrator:
                await keep_going(scene, narrator, stop)
            narrator.say(STOPPING)
    finally:
        await supervisor.stop()
    return is_met(rows)


def tell_start(data: Path, upstream: str, narrator: Narrator) -> None:
    """Where the data will be, and what is started."""
    narrator.say(f"data in {data}; starting {upstream}, warehouse, control, analytics, proxy")


def tell_stages(results: Results, narrator: Narrator) -> None:
    """Where the time went: each finding's stages in seconds after the act's onset."""
    for happened, seen in zip(results.happened, results.found, strict=True):
        if seen is None:
            continue
        finding, zero = seen.finding, happened.onset
        narrator.say(
            f"  {happened.act.kind}: first anomalous window {finding.onset - zero:+.2f} s,"
            f" deciding window ended {finding.window_end - zero:+.2f} s,"
            f" found {finding.found_at - zero:+.2f} s, read {seen.at - zero:+.2f} s"
        )


def watch_of(supervisor: Supervisor, narrator: Narrator, since: float) -> Watch:
    """A watch over what happened since this demo began."""
    reader = open_reader(supervisor.urls["warehouse"], supervisor.tenant, since=since, clock=time.time)
    return Watch(reader, time.time, tell_finding(narrator))


def tell_what_to_try(supervisor: Supervisor, data: Path, narrator: Narrator) -> None:
    """Where everything is, and what to look at."""
    for name in ("proxy", "manage", "control", "warehouse", "upstream"):
        narrator.say(f"{name:<10} {without_password(supervisor.urls[name])}")
    narrator.say(f"try        {command('status', '--data', data)}")
    narrator.say(f"           {command('findings', '--data', data)}")
    narrator.say(f"           {command('recommendations', 'list', '--data', data)}")
    narrator.say(f"           curl -i {supervisor.urls['proxy']}/products")
    narrator.say("ordinary traffic goes on until Ctrl-C")


def tell_console(url: str, keyring: Keyring, narrator: Narrator) -> None:
    """Where the pages are, and how to sign in: the token is this demo's own, made for its directory."""
    narrator.loud(f"watch it in a browser: {without_password(url)}")
    narrator.say(f"  sign in with the demo's token: {keyring.control_token}")
