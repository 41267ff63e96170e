"""Load by wrk, CPU time from /proc: one measurement of one peer."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
MICROSECONDS = {"us": 1.0, "ms": 1e3, "s": 1e6}


# A query, a trace and a user agent that differ in every request.
VARIED = """
local count = 0
request = function()
  count = count + 1
  wrk.headers["traceparent"] = string.format("00-%032x-%016x-01", count, count)
  wrk.headers["User-Agent"] = "load/" .. count % 1000
  return wrk.format(nil, wrk.path .. "?page=" .. count)
end
"""


class Load(NamedTuple):
    """One run of wrk against 127.0.0.1; `script` is a Lua file of wrk, or empty."""

    url: str
    connections: int
    seconds: int
    api_key: str
    script: str = ""


class Measured(NamedTuple):
    """What came out: requests, their rate, CPU microseconds a request, p99 in ms, wrong answers."""

    requests: int
    requests_per_second: float
    cpu_us: float
    p99_ms: float
    wrong: int


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and its living children, user and system."""
    total = 0.0
    for each in (pid, *children(pid)):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return total


def children(pid: int) -> list[int]:
    """Living descendants of a process."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(word) for word in path.read_text().split()] if path.exists() else []
    return [*found, *(grandchild for child in found for grandchild in children(child))]


def resident_mb(pid: int) -> float:
    """Resident memory of a process in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) / 1024 if found else 0.0


def measure(pid: int, load: Load, cores: str) -> Measured:
    """Run wrk pinned to `cores` and read the CPU time that `pid` took meanwhile."""
    size = ["-t1", f"-c{load.connections}", f"-d{load.seconds}s", "--latency"]
    script = ["-s", load.script] if load.script else []
    command = ["taskset", "-c", cores, "wrk", *size, *script, "-H", f"X-Api-Key: {load.api_key}", load.url]
    before = cpu_seconds(pid)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return to_measured(done.stdout, cpu_seconds(pid) - before)


def to_measured(report: str, cpu: float) -> Measured:
    """Read wrk's report; `cpu` is in seconds."""
    requests = int(found_in(report, r"(\d+) requests in"))
    tail = re.search(r"99%\s+([\d.]+)(us|ms|s)", report)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", report)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", report)
    return Measured(
        requests=requests,
        requests_per_second=float(found_in(report, r"Requests/sec:\s+([\d.]+)")),
        cpu_us=cpu * 1e6 / max(1, requests),
        p99_ms=float(tail.group(1)) * MICROSECONDS[tail.group(2)] / 1e3 if tail else 0.0,
        wrong=(int(wrong.group(1)) if wrong else 0) + (sum(map(int, errors.groups())) if errors else 0),
    )


def found_in(report: str, pattern: str) -> str:
    """First group of a pattern that every report of wrk has."""
    found = re.search(pattern, report)
    if found is None:
        raise ValueError(f"wrk printed no {pattern!r}:\n{report}")
    return found.group(1)
