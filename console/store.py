"""What must outlive the control process: overlays, the loop's state, leases, proxies seen (SQLite).

One writer: the control process opens the store once and gives it one thread (see console.state).
`synchronous=FULL` in WAL mode: what was acknowledged survives a power cut.
An overlay's version only grows, also over a restart; it begins at the time of the store's making,
so that a proxy that followed an earlier store never takes another's version for its own.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from kernel.control import Lease, Loop, SeenProxy
from kernel.findings import Overlay

Clock = Callable[[], float]

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE overlays (
        tenant TEXT NOT NULL, id TEXT NOT NULL, "limit" TEXT NOT NULL, identity TEXT NOT NULL,
        rate REAL NOT NULL, burst INTEGER NOT NULL, reason TEXT NOT NULL, finding TEXT NOT NULL,
        created_at REAL NOT NULL, expires_at REAL NOT NULL,
        PRIMARY KEY (tenant, "limit", identity)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE versions (tenant TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE leases (
        tenant TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE loops (
        tenant TEXT PRIMARY KEY, paused INTEGER NOT NULL, reason TEXT NOT NULL, changed_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE proxies (
        tenant TEXT NOT NULL, name TEXT NOT NULL, revision TEXT NOT NULL,
        overlays_version INTEGER NOT NULL, seen_at REAL NOT NULL,
        PRIMARY KEY (tenant, name)
    ) STRICT, WITHOUT ROWID;
    """,
)

BUSY_TIMEOUT_S = 5.0
FORGET_PROXY_AFTER_S = 300.0  # a long poll takes 60 s at most


class UnreadableStore(Exception):
    """The file is no store, or one of a newer Tidegate; the message says which file and what to do."""


class Store:
    """The SQLite file. Not for use by two threads at a time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            migrate(self._connection, path)
        except sqlite3.DatabaseError as problem:
            self._connection.close()
            raise UnreadableStore(f"{path}: {problem}; move the file away to begin a new one") from problem
        except UnreadableStore:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def version(self, tenant: str) -> int:
        """The version of the tenant's overlays."""
        row = self._connection.execute("SELECT version FROM versions WHERE tenant = ?", (tenant,)).fetchone()
        if row is not None:
            return int(row[0])
        first = int(self._clock())
        self._connection.execute("INSERT INTO versions VALUES (?, ?)", (tenant, first))
        return first

    def overlays(self, tenant: str) -> tuple[Overlay, ...]:
        """The stored overlays, expired ones included, by limit and identity."""
        rows = self._connection.execute(
            'SELECT id, tenant, "limit", identity, rate, burst, reason, finding, created_at, expires_at'
            ' FROM overlays WHERE tenant = ? ORDER BY "limit", identity',
            (tenant,),
        )
        return tuple(Overlay(*row) for row in rows)

    def replace_overlays(self, tenant: str, overlays: Iterable[Overlay]) -> int:
        """Put these in the place of the tenant's overlays; their version, a new one if they differ."""
        wanted = tuple(sorted(overlays, key=lambda overlay: (overlay.limit, overlay.identity)))
        version = self.version(tenant)
        if wanted == self.overlays(tenant):
            return version
        with Transaction(self._connection):
            self._connection.execute("DELETE FROM overlays WHERE tenant = ?", (tenant,))
            self._connection.executemany(
                "INSERT INTO overlays VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [to_row(tenant, overlay) for overlay in wanted],
            )
            self._connection.execute(
                "UPDATE versions SET version = ? WHERE tenant = ?", (version + 1, tenant)
            )
        return version + 1

    def raise_version(self, tenant: str) -> int:
        """A new version of the same overlays: what is in force has changed otherwise."""
        version = self.version(tenant) + 1
        self._connection.execute("UPDATE versions SET version = ? WHERE tenant = ?", (version, tenant))
        return version

    def lease(self, tenant: str) -> Lease:
        """The lease as it was last granted, expired or not."""
        row = self._connection.execute(
            "SELECT holder, expires_at FROM leases WHERE tenant = ?", (tenant,)
        ).fetchone()
        return Lease(*row) if row else Lease("", 0.0)

    def take_lease(self, tenant: str, holder: str, ttl_s: float) -> Lease:
        """Take or renew the lease where it is free, expired or the holder's own; the lease as it then is."""
        now = self._clock()
        current = self.lease(tenant)
        if current.holder not in ("", holder) and current.expires_at > now:
            return current
        granted = Lease(holder, now + ttl_s)
        self._connection.execute(
            "INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (tenant, granted.holder, granted.expires_at)
        )
        return granted

    def loop(self, tenant: str) -> Loop:
        """The loop's state; it runs until somebody pauses it."""
        row = self._connection.execute(
            "SELECT paused, reason, changed_at FROM loops WHERE tenant = ?", (tenant,)
        ).fetchone()
        return Loop(bool(row[0]), row[1], row[2]) if row else Loop(False, "", 0.0)

    def set_loop(self, tenant: str, *, paused: bool, reason: str) -> Loop:
        """Pause or resume."""
        loop = Loop(paused, reason, self._clock())
        self._connection.execute(
            "INSERT OR REPLACE INTO loops VALUES (?, ?, ?, ?)",
            (tenant, int(loop.paused), loop.reason, loop.changed_at),
        )
        return loop

    def see_proxy(self, tenant: str, proxy: SeenProxy) -> None:
        """Note what a proxy runs; those that are silent are forgotten."""
        with Transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO proxies VALUES (?, ?, ?, ?, ?)",
                (tenant, proxy.name, proxy.revision, proxy.overlays_version, proxy.seen_at),
            )
            self._connection.execute(
                "DELETE FROM proxies WHERE seen_at < ?", (proxy.seen_at - FORGET_PROXY_AFTER_S,)
            )

    def proxies(self, tenant: str) -> tuple[SeenProxy, ...]:
        """Proxies seen within FORGET_PROXY_AFTER_S, by name."""
        rows = self._connection.execute(
            "SELECT name, revision, overlays_version, seen_at FROM proxies"
            " WHERE tenant = ? AND seen_at >= ? ORDER BY name",
            (tenant, self._clock() - FORGET_PROXY_AFTER_S),
        )
        return tuple(SeenProxy(*row) for row in rows)


class Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block raises."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def to_row(tenant: str, overlay: Overlay) -> tuple[str | float, ...]:
    """An overlay in the order of the table's columns."""
    when = (overlay.created_at, overlay.expires_at)
    value = (overlay.rate, overlay.burst, overlay.reason, overlay.finding)
    return (tenant, overlay.id, overlay.limit, overlay.identity, *value, *when)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the migrations after `user_version`, each in a transaction. Raises UnreadableStore."""
    (applied,) = connection.execute("PRAGMA user_version").fetchone()
    if applied > len(MIGRATIONS):
        raise UnreadableStore(
            f"{path}: made by a newer Tidegate (schema {applied}, this one knows {len(MIGRATIONS)}); upgrade"
        )
    for number, script in enumerate(MIGRATIONS[applied:], start=applied + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
