"""Starts embedded warehouses for tests: real processes, found by their ready line."""

import contextlib
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_READY = re.compile(r"tidegate-warehouse ready on (http://\S+)")
START_DEADLINE_S = 60


class WarehouseProcess:
    """A running embedded server; `url` is where it answers, `log` what it said so far."""

    def __init__(self, process: subprocess.Popen[str], url: str, log: list[str]) -> None:
        self.process = process
        self.url = url
        self.log = log

    def kill(self) -> None:
        """SIGKILL, as a crash or the kernel's OOM killer would end it."""
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def start_warehouse(
    data: Path, *options: str, listen: str = "127.0.0.1:0", environment: dict[str, str] | None = None
) -> WarehouseProcess:
    """Starts `python -m warehouse.main` on `data` and waits until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "warehouse.main", "--listen", listen, "--data", str(data), *options],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=Path(__file__).parent.parent,
    )
    assert process.stderr is not None
    lines: list[str] = []
    deadline = time.monotonic() + START_DEADLINE_S
    while time.monotonic() < deadline:
        readable, _, _ = select.select([process.stderr], [], [], 1)
        line = process.stderr.readline() if readable else ""
        lines.append(line)
        if ready := _READY.search(line):
            return WarehouseProcess(process, ready.group(1), lines)
        if readable and not line:
            break
    process.kill()
    process.wait()
    process.stderr.close()
    raise AssertionError(f"the warehouse did not start: {''.join(lines)}")


@contextlib.contextmanager
def running_warehouse(data: Path, *options: str) -> Iterator[WarehouseProcess]:
    """A warehouse for the length of a with block."""
    warehouse = start_warehouse(data, *options)
    try:
        yield warehouse
    finally:
        if warehouse.process.poll() is None:
            warehouse.stop()
        assert warehouse.process.stderr is not None
        warehouse.process.stderr.close()
