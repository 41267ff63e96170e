"""Small real processes to supervise: they say that they are ready, answer, and end as told."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from console.supervisor import Listen, Part, Url

PATIENCE_S = 20.0

# Listens on argv[2], notes its start and end in the file argv[1]; the rest of argv is printed.
SERVER = """
import pathlib, signal, socket, sys
name, host, port = pathlib.Path(sys.argv[1]), *sys.argv[2].rsplit(":", 1)
def note(what):
    with open(name.parent / "order", "a") as file:
        file.write(f"{what} {name.name}\\n")
def end(*_):
    note("stop")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
server = socket.create_server((host, int(port)))
note("start")
print("said", *sys.argv[3:])
print(f"tidegate-{name.name} ready on http://{host}:{port}", file=sys.stderr)
while True:
    signal.pause()
"""


def server(directory: Path, name: str, *arguments: str | Url) -> Part:
    """A part that listens on a free port."""
    return Part(
        name=name,
        listens={name: "127.0.0.1:0"},
        arguments=("-c", SERVER, str(directory / name), Listen(name), *arguments),
        ready_within_s=PATIENCE_S,
    )


def script(name: str, source: str, *, ready_within_s: float = PATIENCE_S) -> Part:
    """A part that runs `source`."""
    return Part(name=name, arguments=("-c", source), ready_within_s=ready_within_s, stops_within_s=0.2)


def order(directory: Path) -> list[str]:
    """What the servers noted."""
    return (directory / "order").read_text().splitlines()


async def eventually(fact: Callable[[], bool]) -> None:
    """Wait until a fact is true."""
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.02)
