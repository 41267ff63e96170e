"""Starting what is measured, pinned to a core, and stopping it again by its id."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from warehouse.client import connect
from warehouse.migrate import migrate

START_SECONDS = 20.0
BOTH_CORES = "0-1"


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody accepts connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def running(command: list[str], *, cores: str, port: int, log: Path, more: dict[str, str]) -> Iterator[int]:
    """A process pinned to a core, from when its port answers to the end of the block; gives its id."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", cores, *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**child_environment(), **more},
        )
    try:
        wait_until_ready(process, port, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def child_environment() -> dict[str, str]:
    """What a child needs of our environment: where programs are."""
    return {"PATH": os.defpath + ":/usr/sbin", "HOME": str(Path.home()), "PYTHONPATH": str(Path.cwd())}


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the port answers; raise with the log's end where the process ends before."""
    deadline = time.monotonic() + START_SECONDS
    while not answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} does not listen on port {port}:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


@contextlib.contextmanager
def warehouse(folder: Path, cores: str) -> Iterator[str]:
    """An embedded warehouse with tables; gives its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "warehouse.main", "--listen", f"127.0.0.1:{port}", "--data", str(folder)]
    with running(command, cores=cores, port=port, log=folder.with_suffix(".log"), more={}):
        client = connect(url)
        migrate(client)
        client.close()
        yield url
