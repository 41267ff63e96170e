"""A store in memory for tests of its tables; and one whose disk is full, or that another has locked."""

import contextlib
import sqlite3
from collections.abc import Iterator

from console.schema import MIGRATIONS
from console.store import Store


def connection(*, before: str = "") -> sqlite3.Connection:
    """An empty store with every table, or with those of the migrations before one."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    for script in MIGRATIONS[: MIGRATIONS.index(before)] if before else MIGRATIONS:
        made.executescript(script)
    return made


@contextlib.contextmanager
def full_disk(store: Store) -> Iterator[None]:
    """The store's file cannot grow, and what it has is used."""
    connection = store._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    for size in (3_000, 300, 30, 1):
        with contextlib.suppress(sqlite3.OperationalError):
            while True:
                connection.execute(
                    "INSERT INTO audit (tenant, at, author, what, object, detail)"
                    " VALUES ('filler', 0, '', '', '', ?)",
                    ("x" * size,),
                )
    yield
    connection.execute(f"PRAGMA max_page_count = {1 << 30}")


@contextlib.contextmanager
def locked(store: Store) -> Iterator[None]:
    """Another process writes, and the store does not wait for it."""
    store._connection.execute("PRAGMA busy_timeout = 0")
    with contextlib.closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
