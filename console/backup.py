"""Copies of the store while it is in use, and putting one back while it is not."""

import contextlib
import itertools
import os
import sqlite3
from pathlib import Path

from console.schema import MIGRATIONS


class NoBackup(Exception):
    """The file is no backup that can be restored; the message says why."""


def back_up(connection: sqlite3.Connection, path: Path) -> int:
    """Write a consistent copy (sqlite3's backup API) to `path`; its size in bytes. Mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(partial)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        settle(partial, path)
    finally:
        partial.unlink(missing_ok=True)  # what failed must not fill the disk
    return path.stat().st_size


def settle(partial: Path, path: Path) -> None:
    """Rename, so that a power cut leaves the one or the other, whole."""
    flush(partial)
    partial.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reading(path: Path) -> str:
    """SQLite's URI of a file that is only read, whatever its name."""
    return f"{path.absolute().as_uri()}?mode=ro"


def restore(backup: Path, store: Path, *, now: float) -> Path | None:
    """Put a backup in the place of the store's file; no console may run.

    Versions go on above every one that proxies can have seen since.
    The old one stays as `*.before`, or `*.before.2` where that is there: its path, None where there was none.
    Raises NoBackup or OSError; the store is untouched after either.
    """
    partial = store.with_name(store.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        check(backup)
        with (
            contextlib.closing(sqlite3.connect(reading(backup), uri=True)) as source,
            contextlib.closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
            copy.execute("UPDATE versions SET version = max(version, ?) + 1", (int(now),))
            copy.commit()
    except sqlite3.DatabaseError as trouble:
        raise NoBackup(f"{backup}: {trouble}") from trouble
    partial.chmod(0o600)
    before = unused(store.with_name(store.name + ".before")) if store.exists() else None
    if before is not None:
        with contextlib.closing(sqlite3.connect(store)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.link(store, before)  # a crash in between leaves the old store, never none
    for left in ("-wal", "-shm"):  # of the old file: they would be replayed into the new one
        store.with_name(store.name + left).unlink(missing_ok=True)
    settle(partial, store)
    return before


def unused(path: Path) -> Path:
    """This name, or the first with a number that no file has."""
    numbered = (path.with_name(f"{path.name}.{number}") for number in itertools.count(2))
    return next(each for each in itertools.chain((path,), numbered) if not each.exists())


def check(backup: Path) -> None:
    """Raise NoBackup unless the file is a whole store of this version or an older one."""
    if not backup.is_file():
        raise NoBackup(f"{backup}: no such file")
    with contextlib.closing(sqlite3.connect(reading(backup), uri=True)) as source:
        (version,) = source.execute("PRAGMA user_version").fetchone()
        if not 1 <= version <= len(MIGRATIONS):
            raise NoBackup(f"{backup}: schema {version}, this Tidegate knows 1 to {len(MIGRATIONS)}")
        (state,) = source.execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            raise NoBackup(f"{backup}: damaged: {state}")
