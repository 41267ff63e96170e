"""How fast a policy is replayed: a process on one core, the warehouse on the same one, reading included."""

import subprocess
import sys
import time
from pathlib import Path

from analytics.comparison import Situation
from analytics.replaying import replay
from kernel.replays import ReplayReport, ReplayRequest
from lab.bench.insert import MICROSECONDS
from lab.bench.processes import child_environment, warehouse
from lab.bench.rows import ROUTES
from lab.bench.throughput import GATEWAY_CORE
from lab.bench.tick import History, fill
from warehouse.client import connect
from warehouse.readers_replay import ReplayReader

ROWS, SPAN_S = 2_000_000, 7_200
WARM_S = 120
TENANT = "default"


def policy_text(*limits: str) -> str:
    """A policy of the history's routes with these limits, in YAML's flow style."""
    routes = [
        f"  - {{name: route-{number}, path: '/route/{number}/{{id}}', upstream: shop}}"
        for number in range(ROUTES)
    ]
    return "\n".join(
        [
            "upstreams: [{name: shop, url: 'http://127.0.0.1:9'}]",
            "routes:",
            *routes,
            "limits:",
            *(f"  - {limit}" for limit in limits),
            "",
        ]
    )


WIDE = "{name: per-client, rate: 10/s, burst: 20}"
STRICT = "{name: strict, rate: 3/min, burst: 10}"


def replay_rate(folder: Path) -> float:
    """Requests per second of a replay of two policies, with a curve, over two million stored requests."""
    with warehouse(folder / "replay", GATEWAY_CORE) as url:
        until_us = int(time.time() - 60) * MICROSECONDS
        client = connect(url)
        fill(client, History(ROWS, SPAN_S, until_us))
        client.close()
        command = ["taskset", "-c", GATEWAY_CORE, sys.executable, "-m", "lab.bench.replaying", url]
        answer = subprocess.run(
            [*command, str(until_us // MICROSECONDS)],
            env=child_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
    return float(answer.stdout)


def replayed(url: str, until: float) -> ReplayReport:
    """A candidate with one more limit, replayed."""
    request = ReplayRequest(policy_text(WIDE, STRICT), until - SPAN_S + WARM_S, until)
    source = ReplayReader(connect(url), TENANT)
    situation = Situation(policy_text(WIDE))
    return replay(request, situation, source, progress=lambda _: True, clock=time.perf_counter)


def main(url: str, until: float) -> None:
    """Print the rate of one replay; warmed requests are not counted, although they are judged too."""
    report = replayed(url, until)
    seen = report.seen_attack.requests + report.seen_legitimate.requests
    print(seen / report.took_s)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
