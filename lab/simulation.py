"""The demo on simulated traffic: start, play, measure, show the table, stay up."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from console.called import command
from console.keyring import Keyring
from console.supervisor import OWN_VOICE, Supervisor
from kernel.recommendations import Recommendation
from lab.control_desk import operators_desk
from lab.demo import Performance, Scene, tell_finding
from lab.narrator import Narrator, alert_line
from lab.operating import Operator
from lab.policies import demo_policy
from lab.population import draw_population, keys_of
from lab.receiver import Received, Receiver, receiving
from lab.scenario import LEARNING_S, draw_scenario
from lab.stage import Hook, Staging, staged
from lab.staying import keep_going
from lab.stopping import unless_stopped
from lab.table import NOTE, Results, is_met, print_table, rows_of
from lab.traffic import traffic
from lab.warehouse_reader import open_reader
from lab.watch import Watch
from warehouse.exits import without_password

LEFT_PATIENCE_S = 5.0  # for a replay of what is left to decide on
STOPPING = "stopping"  # takes seconds: telemetry is flushed before the warehouse ends


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How to run the demo."""

    data: Path
    keyring: Keyring
    alerts_secret: str
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


class House(NamedTuple):
    """What a performance needs beside its scene."""

    supervisor: Supervisor
    receiver: Receiver
    narrator: Narrator
    stop: asyncio.Event


async def simulate(wanted: Wanted, narrator: Narrator, stop: asyncio.Event) -> bool:
    """Run the demo; whether every target was met.

    Raises Interrupted, PartFailed, AlreadyOwned, NoAnswer.
    """
    began, since = time.monotonic(), time.time()
    people = draw_population(wanted.seed)
    scenario = draw_scenario(wanted.seed, people, traffic(people, wanted.seed))
    narrator.loud(
        f"Tidegate demo, seed {wanted.seed}: {len(people)} clients; the same seed plays the same again"
    )
    tell_start(wanted.data, "shop", narrator)
    receiver = Receiver(wanted.alerts_secret.encode(), time.time, tell_alert(narrator))
    async with receiving(receiver) as hook_url:
        staging = Staging(
            data=wanted.data,
            policy=lambda url: demo_policy(url, keys_of(people)),
            keyring=wanted.keyring,
            upstream=("lab.shop", "--data", str(wanted.data / "shop"), "--seed", str(wanted.seed)),
            hook=Hook(hook_url, wanted.alerts_secret),
        )
        supervisor = staged(staging, wanted.environment, hearing(narrator, wanted.verbose))
        try:
            await unless_stopped(supervisor.start(), stop)
            narrator.say(f"started in {time.monotonic() - began:.1f} s; learning for {LEARNING_S:.0f} s")
            scene = Scene(scenario, people, dict(supervisor.urls), time.time)
            house = House(supervisor, receiver, narrator, stop)
            return await performed(wanted, scene, house, began=began, since=since)
        finally:
            await supervisor.stop()


async def performed(wanted: Wanted, scene: Scene, house: House, *, began: float, since: float) -> bool:
    """Play, show the table, stay up where wanted; `began` on the monotonic clock, `since` on the events'."""
    control, narrator = house.supervisor.urls["control"], house.narrator
    desk = await asyncio.to_thread(operators_desk, control, wanted.keyring.control_token)
    operator = Operator(desk, scene.clock, narrator, pages=control)
    if not wanted.once:
        tell_console(control, wanted.keyring, narrator)
    watch = watch_of(house.supervisor, narrator, since)
    performance = Performance(scene, watch, narrator=narrator, operator=operator, receiver=house.receiver)
    with narrator:
        results = await unless_stopped(performance.run(), house.stop)
    if wanted.verbose:
        tell_stages(results, narrator)
    rows = rows_of(results)
    took_s = time.monotonic() - began
    print_table(narrator.console, f"Seed {wanted.seed}, {took_s:.0f} s from start to table", rows, NOTE)
    if not wanted.once:
        tell_what_to_try(house.supervisor, wanted.data, narrator)
        tell_pages(control, narrator)
        tell_turn(operator, await operator.left(LEFT_PATIENCE_S), wanted.keyring, narrator)
        with narrator:
            await keep_going(scene, narrator, house.stop)
        narrator.say(STOPPING)
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


def tell_pages(url: str, narrator: Narrator) -> None:
    """The pages, and how to see the boards in Grafana."""
    narrator.say(f"pages      {url}/  what is attacked, by whom, since when")
    narrator.say(f"           {url}/recommendations  what was proposed, approved, and what came of it")
    narrator.say(f"           {url}/alerts  what was told, to whom, and whether it arrived")
    narrator.say(f"           {url}/boards  the boards, which Grafana can show as well:")
    narrator.say(f"           {command('dashboards', 'push', '--help')}")


def tell_turn(operator: Operator, left: Recommendation | None, keyring: Keyring, narrator: Narrator) -> None:
    """What somebody who has just seen the table can decide, and what follows from it."""
    narrator.say("ordinary traffic goes on until Ctrl-C, and so does the scanner, gently")
    if left is not None:
        narrator.loud(f"your turn: approve «{left.title}» in mode enforce")
        narrator.loud(f"  {operator.page_of(left)}")
    narrator.say(f"  sign in with the demo's token: {keyring.control_token}")
    narrator.say("  alerts are told here as the webhook receives them, and when the scanner is refused")


def tell_alert(narrator: Narrator) -> Callable[[Received], None]:
    """Tells alerts as they arrive."""

    def tell(received: Received) -> None:
        narrator.loud(f"  {alert_line(received.alert)}")

    return tell


def tell_console(url: str, keyring: Keyring, narrator: Narrator) -> None:
    """Where the pages are, and how to sign in: the token is this demo's own, made for its directory."""
    narrator.loud(f"watch it in a browser: {without_password(url)}")
    narrator.say(f"  sign in with the demo's token: {keyring.control_token}")
