"""Who holds a data directory: the engine writes its process id to `<directory>/status`."""

import fcntl
import re
from pathlib import Path

import msgspec

_PID = re.compile(r"^PID: (\d+)", re.MULTILINE)
_STARTED = re.compile(r"^Started at: (.+)", re.MULTILINE)


class Owner(msgspec.Struct, frozen=True):
    """The process that last opened the directory; `holds` while its lock stands."""

    pid: int
    started_at: str
    holds: bool


def owner_of(directory: Path) -> Owner | None:
    """The directory's last owner, None where the directory was never opened or was closed properly."""
    status = directory / "status"
    try:
        text = status.read_text()
    except FileNotFoundError:
        return None
    pid, started = _PID.search(text), _STARTED.search(text)
    if pid is None:
        return None
    return Owner(int(pid.group(1)), started.group(1) if started else "unknown", _is_locked(status))


def _is_locked(status: Path) -> bool:
    """The engine holds a flock for its life; the kernel drops it with the process, however it ends."""
    with status.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
