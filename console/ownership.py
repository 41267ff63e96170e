"""Who owns a data directory: one supervisor at a time, told by its process id.

The lock is `flock`, which the kernel drops with the process, so that a stale file cannot block;
the process id in it only tells people whom to look for.
"""

import fcntl
import os
from pathlib import Path
from typing import TextIO

LOCK_FILE = "owner.lock"


class AlreadyOwned(Exception):
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


def claim(directory: Path, lock_file: str = LOCK_FILE) -> Claim:
    """Own `directory` (made where it is missing, mode 0700) until `close` or the end of the process.

    Raises AlreadyOwned, or OSError where the directory cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / lock_file
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = file.read().strip()
        file.close()
        raise AlreadyOwned(path, owner) from None
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
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return file.read().strip() or "unknown"
    return None
