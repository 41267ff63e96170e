"""What must outlive the console: overlays, the loop's state, leases, proxies seen; beside them revisions,
recommendations, jobs, the audit and credentials, each in a module of its own (SQLite).

One writer: the control process opens the store once and gives it one thread (see console.state).
`synchronous=FULL` in WAL mode: what was acknowledged survives a power cut.
An overlay's version only grows, also over a restart; it begins at the time of the store's making,
so that a proxy that followed an earlier store never takes another's version for its own.
"""

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from console.approvals import Approvals
from console.audit import Audit
from console.backup import back_up
from console.credentials import Credentials
from console.failures import is_full
from console.jobs import Jobs
from console.proposals import Proposals
from console.revisions import Revisions
from console.schema import MIGRATIONS
from console.transaction import Transaction
from kernel.control import Lease, Loop, SeenProxy
from kernel.findings import Overlay

Clock = Callable[[], float]

STORE_FILE = "control.sqlite"  # within the control process's directory
LOCK_FILE = "control.lock"
BUSY_TIMEOUT_S = 5.0
FORGET_PROXY_AFTER_S = 300.0  # a long poll takes 60 s at most


class UnreadableStore(Exception):
    """The file is no store, or one of a newer Tidegate; the message says which file and what to do."""


class Store:
    """The SQLite file. Not for use by two threads at a time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
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
            what = "free space on its disk" if is_full(problem) else "move the file away to begin a new one"
            raise UnreadableStore(f"{path}: {problem}; {what}") from problem
        except UnreadableStore:
            self._connection.close()
            raise
        self.revisions = Revisions(self._connection)
        self.proposals = Proposals(self._connection)
        self.approvals = Approvals(self._connection)
        self.jobs = Jobs(self._connection)
        self.audit = Audit(self._connection)
        self.credentials = Credentials(self._connection)

    def transaction(self) -> Transaction:
        """All or nothing of what happens within it."""
        return Transaction(self._connection)

    def back_up(self, path: Path) -> int:
        """A consistent copy at `path`; its size in bytes."""
        return back_up(self._connection, path)

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
