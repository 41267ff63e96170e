"""Requests per second and CPU per request of every gateway, interleaved, as ratios in one run."""

import contextlib
import itertools
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lab.bench.load import VARIED, Load, Measured, measure
from lab.bench.peers import API_KEY, PEERS, Peer, Ports, nginx_upstream, written
from lab.bench.processes import free_port, running, warehouse

GATEWAY_CORE = "0"
LOAD_CORE = "1"  # wrk and the upstream
CONNECTIONS = (32, 128)
WRONG_MOST = 0.01  # wrk calls an answer after 2 s an error, which a slow peer gives now and then


class Row(NamedTuple):
    """One line of the table: medians over the rounds."""

    name: str
    connections: int
    requests_per_second: float
    cpu_us: float
    p99_ms: float


class Plan(NamedTuple):
    """How long to measure."""

    folder: Path
    rounds: int
    seconds: int
    tell: Callable[[str], None]


def compare(plan: Plan, peers: Sequence[Peer] = PEERS) -> list[Row]:
    """Measure each peer in turn, round by round, so that the machine's noise meets all alike.

    Tidegate's telemetry goes to a warehouse that forgets it, on the load's core.
    """
    found: dict[tuple[str, int], list[Measured]] = {}
    with contextlib.ExitStack() as stack:
        ports = stack.enter_context(surroundings(plan.folder))
        for number, peer in itertools.product(range(plan.rounds), peers):
            plan.tell(f"round {number + 1}/{plan.rounds}: {peer.name}")
            for connections, measured in one_round(plan, peer, ports._replace(listen=free_port())):
                found.setdefault((peer.name, connections), []).append(measured)
    return [to_row(name, connections, each) for (name, connections), each in found.items()]


@contextlib.contextmanager
def surroundings(folder: Path) -> Iterator[Ports]:
    """The upstream of all, and the warehouse that Tidegate's telemetry goes to, on the load's core."""
    upstream, port = free_port(), free_port()
    with contextlib.ExitStack() as stack:
        real = stack.enter_context(warehouse(folder / "warehouse", LOAD_CORE))
        ports = Ports(0, upstream, f"http://127.0.0.1:{port}")
        started = (
            (nginx_upstream(folder / "upstream", ports), upstream, folder / "upstream.log"),
            ([sys.executable, "-m", "lab.bench.forgetful", str(port), real], port, folder / "forgetful.log"),
        )
        for command, listens, log in started:
            stack.enter_context(running(command, cores=LOAD_CORE, port=listens, log=log, more={}))
        yield ports


def one_round(plan: Plan, peer: Peer, ports: Ports) -> list[tuple[int, Measured]]:
    """Start a peer, warm it up, and measure it at each number of connections."""
    folder = plan.folder / peer.name.replace(" ", "-").replace(",", "").lower()
    command = peer.prepare(folder, ports)
    more = {"TIDEGATE_POLICY": str(folder / "policy.yaml"), "TIDEGATE_WAREHOUSE": ports.warehouse}
    url = f"http://127.0.0.1:{ports.listen}/api/v1/items"
    script = written(folder, "varied.lua", VARIED) if peer.varied else ""
    with running(command, cores=GATEWAY_CORE, port=ports.listen, log=folder / "log", more=more) as pid:
        measure(pid, Load(url, 32, 1, API_KEY, script), LOAD_CORE)
        loads = [Load(url, connections, plan.seconds, API_KEY, script) for connections in CONNECTIONS]
        measured = [(load.connections, measure(pid, load, LOAD_CORE)) for load in loads]
    wrong = sum(each.wrong for _, each in measured)
    if wrong > sum(each.requests for _, each in measured) * WRONG_MOST:
        raise RuntimeError(f"{peer.name}: {wrong} wrong answers; see {folder / 'log'}")
    return measured


def to_row(name: str, connections: int, measured: list[Measured]) -> Row:
    """Medians."""
    return Row(
        name,
        connections,
        statistics.median(each.requests_per_second for each in measured),
        statistics.median(each.cpu_us for each in measured),
        statistics.median(each.p99_ms for each in measured),
    )


def ratio(rows: Sequence[Row], name: str, peer: str) -> float:
    """How many requests a core carries, one over another: the worse of the connection counts.

    By CPU time per request: the load's core saturates before the fastest gateways do.
    """
    cost = {(row.name, row.connections): row.cpu_us for row in rows}
    return min(cost[peer, n] / cost[name, n] for n in CONNECTIONS)
