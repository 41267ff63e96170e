"""Copies of the store while it is in use, and putting one back while it is not."""

import contextlib
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
    with contextlib.closing(sqlite3.connect(partial)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
    partial.replace(path)
    return path.stat().st_size


def restore(backup: Path, store: Path, *, now: float) -> Path | None:
    """Put a backup in the place of the store's file; no console may run.

    Versions go on above every one that proxies can have seen since.
    The old one stays as `*.before`: that path, None where there was none.
    Raises NoBackup or OSError; the store is untouched after either.
    """
    partial = store.with_name(store.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        check(backup)
        with (
            contextlib.closing(sqlite3.connect(f"file:{backup}?mode=ro", uri=True)) as source,
            contextlib.closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy)
            copy.execute("UPDATE versions SET version = max(version, ?) + 1", (int(now),))
            copy.commit()
    except sqlite3.DatabaseError as trouble:
        raise NoBackup(f"{backup}: {trouble}") from trouble
    partial.chmod(0o600)
    before = store.with_name(store.name + ".before") if store.exists() else None
    if before is not None:
        with contextlib.closing(sqlite3.connect(store)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        before.unlink(missing_ok=True)
        os.link(store, before)  # a crash in between leaves the old store, never none
    for left in ("-wal", "-shm"):  # of the old file: they would be replayed into the new one
        store.with_name(store.name + left).unlink(missing_ok=True)
    partial.replace(store)
    return before


def check(backup: Path) -> None:
    """Raise NoBackup unless the file is a whole store of this version or an older one."""
    if not backup.is_file():
        raise NoBackup(f"{backup}: no such file")
    with contextlib.closing(sqlite3.connect(f"file:{backup}?mode=ro", uri=True)) as source:
        (version,) = source.execute("PRAGMA user_version").fetchone()
        if not 1 <= version <= len(MIGRATIONS):
            raise NoBackup(f"{backup}: schema {version}, this Tidegate knows 1 to {len(MIGRATIONS)}")
        (state,) = source.execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            raise NoBackup(f"{backup}: damaged: {state}")
