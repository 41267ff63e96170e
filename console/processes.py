"""DIR/processes.json: where the processes of a data directory are, for `status`, `findings` and the like."""

from pathlib import Path

import msgspec

from console.keyring import write_private

PROCESSES_FILE = "processes.json"


class PartState(msgspec.Struct, frozen=True):
    """One part as its supervisor last saw it. `pid` is 0 while it is down."""

    name: str
    pid: int
    restarts: int
    last_exit: int | None = None


class Processes(msgspec.Struct, frozen=True):
    """What a supervisor started. `urls` by listener: warehouse, control, proxy, manage, …"""

    supervisor_pid: int
    started_at: float
    urls: dict[str, str]
    parts: tuple[PartState, ...]
    tenant: str = "default"


def write_processes(directory: Path, processes: Processes) -> None:
    """Replace the record (mode 0600)."""
    write_private(directory / PROCESSES_FILE, msgspec.json.format(msgspec.json.encode(processes)))


def read_processes(directory: Path) -> Processes | None:
    """The record, None where none is there or none can be read."""
    try:
        return msgspec.json.decode((directory / PROCESSES_FILE).read_bytes(), type=Processes)
    except (OSError, msgspec.DecodeError):
        return None


def forget_processes(directory: Path) -> None:
    """Remove the record: nothing runs any more."""
    (directory / PROCESSES_FILE).unlink(missing_ok=True)
