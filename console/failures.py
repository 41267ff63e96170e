"""How the store and its disk fail, told to who asked for a write; nothing was changed then."""

import errno
import sqlite3
from pathlib import Path

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
FULL = ("the disk is full", 507)
_PRIMARY = 0xFF  # the rest of SQLite's codes says more of the same


def is_full(failure: Exception) -> bool:
    """Whether there is no space left."""
    if isinstance(failure, OSError):
        return failure.errno in NO_SPACE
    return _code(failure) == sqlite3.SQLITE_FULL


def failure_of(failure: Exception) -> tuple[str, int, str]:
    """Title, HTTP status (507: no space, RFC 4918; 503: try again) and what to do."""
    if is_full(failure):
        return (*FULL, f"{failure}; nothing was changed; free space on the disk of the data directory")
    if isinstance(failure, OSError):
        return "the system refused", 500, f"{failure}; nothing was changed"
    if _code(failure) in LOCKED:
        return "the store is locked", 503, f"{failure}; nothing was changed; another process uses it"
    return "the store failed", 503, f"{failure}; nothing was changed"


def why_unwritable(directory: Path, failure: OSError) -> str:
    """What an operator does about a directory that a command cannot use."""
    if is_full(failure):
        return f"no space is left on the disk of {directory}; free some"
    why = (failure.strerror or str(failure)).lower()
    return f"{directory} cannot be written: {why}; choose another directory with --data"


def _code(failure: Exception) -> int:
    # Failures that the module `sqlite3` itself raises have no code.
    return int(getattr(failure, "sqlite_errorcode", 0)) & _PRIMARY
