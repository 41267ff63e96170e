"""The supervisor of several workers: command lines, restarts, what is told for all."""

import asyncio
import signal
from pathlib import Path
from typing import cast

import msgspec

from kernel.readiness import Readiness
from proxy.gateway import Gateway, Traffic
from proxy.management import PolicyState, Worker
from proxy.metrics import exposition, families_of
from proxy.settings import Settings
from proxy.workers import Child, Crew, Supervisor, fate_of
from tests.proxy.around import gateway_with
from warehouse.exits import COULD_NOT_RUN
from warehouse.listening import Endpoint

SETTINGS = Settings(
    listen=Endpoint("::1", 8080),
    manage=Endpoint("127.0.0.1", 8081),
    data=Path("/nowhere"),
    policy=Path("/p.yaml"),
    workers=2,
    name="edge",
    handlers="m:r",
    warehouse="http://user:secret@warehouse:8123",
)


class Scripted(Child):
    """A worker whose processes end at once with the codes of a script, then run until told to stop."""

    def __init__(self, index: int, *codes: int) -> None:
        super().__init__(SETTINGS, index, Path(f"/nowhere/{index}.sock"))
        self.codes = list(codes)
        self.told: list[signal.Signals] = []
        self.ended = asyncio.Event()
        self.running = asyncio.Event()
        self.command_lines: list[list[str]] = []

    async def start(self, environment: object) -> int:
        self.command_lines.append(self.arguments())
        if self.codes:
            return self.codes.pop(0)
        self.running.set()
        await self.ended.wait()
        return 0

    def send(self, number: signal.Signals) -> None:
        self.told.append(number)
        self.ended.set()


class Answering(Child):
    """A worker that is asked within this process."""

    def __init__(self, index: int, gateway: Gateway | None) -> None:
        super().__init__(SETTINGS, index, Path(f"/nowhere/{index}.sock"))
        self.gateway = gateway

    async def ask(self, path: str, token: str) -> bytes | None:
        if self.gateway is None:
            return None
        worker = Worker(self.gateway)
        if path == "/metrics":
            return exposition(families_of(self.gateway))
        told = await (worker.readiness() if path == "/readyz" else worker.policies())
        return msgspec.json.encode(told)


def supervisor_of(*children: Child) -> Supervisor:
    return Supervisor(Crew(children, "token"), {}, pauses_s=(0.0, 0.0))


def test_a_workers_command_line_says_which_one_it_is() -> None:
    words = Child(SETTINGS, 1, Path("/run/1.sock")).arguments()
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert words[:2] == ["-m", "proxy.main"]
    assert options["--worker"] == "1"
    assert options["--listen"] == "[::1]:8080"
    assert options["--manage"] == "unix:/run/1.sock"
    assert options["--policy"] == "/p.yaml"
    assert options["--handlers"] == "m:r"
    assert "--restarted" not in words
    assert "secret" not in " ".join(words)


async def test_a_worker_that_crashes_starts_again_and_may_use_its_last_good_policy() -> None:
    child = Scripted(0, -9, 1, COULD_NOT_RUN)
    supervisor = supervisor_of(child)
    keeping = asyncio.create_task(supervisor.keep(child))
    await child.running.wait()
    supervisor.stop()
    await keeping
    assert [("--restarted" in words) for words in child.command_lines] == [False, True, True, True]
    assert supervisor.code == 0
    assert child.told == [signal.SIGTERM]
    assert (await supervisor.crew.readiness()).restarts == 3


async def test_a_worker_that_could_not_run_at_first_ends_all() -> None:
    bad, good = Scripted(0, COULD_NOT_RUN), Scripted(1)
    supervisor = supervisor_of(bad, good)
    await asyncio.gather(supervisor.keep(bad), supervisor.keep(good))
    assert supervisor.code == COULD_NOT_RUN
    assert good.told == [signal.SIGTERM]


def test_a_crash_is_told_to_have_lost_at_most_what_was_not_known_to_be_stored() -> None:
    assert fate_of(0) == "none of its events is lost"
    assert fate_of(1_200) == "up to 1,200 of its events are lost, less those found stored"


async def test_a_reload_is_passed_on() -> None:
    children = Scripted(0), Scripted(1)
    supervisor_of(*children).reload()
    assert [child.told for child in children] == [[signal.SIGHUP], [signal.SIGHUP]]


def crew_of(*gateways: Gateway | None) -> Crew:
    return Crew(tuple(Answering(index, gateway) for index, gateway in enumerate(gateways)), "token")


def serving(name: str) -> Gateway:
    gateway = gateway_with()
    gateway.sink.worker = name
    gateway.transport = cast(Traffic, object())  # readiness asks no more
    return gateway


async def test_all_are_ready_while_any_worker_is() -> None:
    crew = crew_of(serving("edge-0"), None)
    readiness = await crew.readiness()
    assert (readiness.ready, readiness.workers) == (True, 1)
    assert not (await crew_of(None, None).readiness()).ready
    crew.draining = True
    assert not (await crew.readiness()).ready


async def test_differing_revisions_are_told_while_a_reload_spreads() -> None:
    first, second = serving("edge-0"), serving("edge-1")
    second.holder.snapshot = msgspec.structs.replace(second.holder.snapshot, revision="other")
    readiness: Readiness = await crew_of(first, second).readiness()
    assert set(readiness.revision.split(",")) == {first.holder.snapshot.revision, "other"}


async def test_policies_and_metrics_of_every_worker_are_told() -> None:
    gateways = gateway_with(), gateway_with()
    gateways[1].sink.worker = "worker-b"
    crew = crew_of(*gateways)
    policies: tuple[PolicyState, ...] = await crew.policies()
    assert [each.worker for each in policies] == ["worker-a", "worker-b"]
    text = (await crew.metrics()).decode()
    assert 'tidegate_ready{worker="worker-a"}' in text
    assert 'tidegate_ready{worker="worker-b"}' in text
