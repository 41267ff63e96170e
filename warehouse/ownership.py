"""Who owns a data directory: one process at a time, told by its process id.

The lock is `flock`, which the kernel drops with the process, so that a stale file cannot block;
the process id in it only tells people whom to look for. ClickHouse's engine locks its directory
in the same way, but by a file of its own, `<directory>/status`, see `engine_owner_of`.
"""

import fcntl
import os
import re
from pathlib import Path
from typing import TextIO

import msgspec

from warehouse.exits import CannotRun

LOCK_FILE = "owner.lock"
STATUS_FILE = "status"  # the engine's
_PID = re.compile(r"^PID: (\d+)", re.MULTILINE)
_STARTED = re.compile(r"^Started at: (.+)", re.MULTILINE)


class AlreadyOwned(CannotRun):
    """Another living process owns the directory; `owner` is what it wrote, mostly its process id."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(
            f"{path.parent} is in use by process {owner or 'unknown'} ({path.name}); "
            "stop that one, or choose another directory with --data"
        )
        self.path = path
        self.owner = owner


class Claim:
    """A held lock. `stale` is the process id that an earlier owner left behind when it died, or empty."""

    def __init__(self, file: TextIO, stale: str) -> None:
        self._file = file
        self.stale = stale

    def close(self) -> None:
        """Give the directory up; the file stays, empty."""
        if self._file.closed:
            return
        self._file.truncate(0)
        self._file.close()


class EngineOwner(msgspec.Struct, frozen=True):
    """The process whose engine last opened a directory; `holds` while its lock stands."""

    pid: int
    started_at: str
    holds: bool


def claim(directory: Path, lock_file: str = LOCK_FILE) -> Claim:
    """Own `directory` (made where it is missing, mode 0700) until `close` or the end of the process.

    Raises AlreadyOwned, or CannotRun where the directory cannot be written.
    """
    path = directory / lock_file
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    except OSError as failure:
        raise CannotRun(
            f"{directory} cannot be written: {failure.strerror}; choose another directory with --data"
        ) from failure
    if not _take(file):
        owner = file.read().strip()
        file.close()
        raise AlreadyOwned(path, owner)
    stale = file.read().strip()
    file.seek(0)
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return Claim(file, stale)


def owner_of(directory: Path, lock_file: str = LOCK_FILE) -> str | None:
    """What the living owner wrote of itself; None where nobody owns the directory."""
    try:
        file = (directory / lock_file).open("r+")
    except OSError:
        return None
    with file:
        return None if _take(file, fcntl.LOCK_SH) else file.read().strip() or "unknown"


def engine_owner_of(directory: Path) -> EngineOwner | None:
    """The engine that last opened it, None where none ever did or the last one closed it properly."""
    try:
        file = (directory / STATUS_FILE).open("r")
    except FileNotFoundError:
        return None
    with file:
        text = file.read()
        pid, started = _PID.search(text), _STARTED.search(text)
        if pid is None:
            return None
        holds = not _take(file)
    return EngineOwner(int(pid.group(1)), started.group(1) if started else "unknown", holds)


def _take(file: TextIO, kind: int = fcntl.LOCK_EX) -> bool:
    """Lock a file until it is closed; False where another process holds it."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
