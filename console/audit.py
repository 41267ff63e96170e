"""Who did what in the store: the audit, operators' labels, and markers."""

import sqlite3

import msgspec

from kernel.control import AuditEntry, Label, Marker

MOST_LISTED = 1_000


class Deed(msgspec.Struct, frozen=True):
    """A management write that is about to happen."""

    author: str
    what: str
    object: str
    detail: str = ""


class Audit:
    """The tables of one store; not for use by two threads at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def note(self, tenant: str, deed: Deed, at: float) -> None:
        """Write it down; it is never changed or deleted."""
        self._connection.execute(
            "INSERT INTO audit (tenant, at, author, what, object, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (tenant, at, deed.author, deed.what, deed.object, deed.detail),
        )

    def entries(self, tenant: str) -> tuple[AuditEntry, ...]:
        """Newest first, MOST_LISTED at most."""
        rows = self._connection.execute(
            "SELECT number, at, author, what, object, detail FROM audit WHERE tenant = ?"
            " ORDER BY number DESC LIMIT ?",
            (tenant, MOST_LISTED),
        )
        return tuple(AuditEntry(*row) for row in rows)

    def put_label(self, tenant: str, label: Label) -> None:
        """Label a finding or an identity; the last label counts."""
        self._connection.execute(
            "INSERT OR REPLACE INTO labels VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(tenant, label.finding, label.identity, label.label),
                *(label.reason, label.author, label.created_at),
            ),
        )

    def labels(self, tenant: str) -> tuple[Label, ...]:
        """Newest first, MOST_LISTED at most."""
        rows = self._connection.execute(
            "SELECT finding, identity, label, reason, author, created_at FROM labels WHERE tenant = ?"
            " ORDER BY created_at DESC, finding, identity LIMIT ?",
            (tenant, MOST_LISTED),
        )
        return tuple(Label(*row) for row in rows)

    def add_marker(self, tenant: str, marker: Marker) -> None:
        """Mark a moment."""
        self._connection.execute(
            "INSERT INTO markers (tenant, at, kind, text, author) VALUES (?, ?, ?, ?, ?)",
            (tenant, marker.at, marker.kind, marker.text, marker.author),
        )

    def markers(self, tenant: str) -> tuple[Marker, ...]:
        """Latest first, MOST_LISTED at most."""
        rows = self._connection.execute(
            "SELECT at, kind, text, author FROM markers WHERE tenant = ?"
            " ORDER BY at DESC, number DESC LIMIT ?",
            (tenant, MOST_LISTED),
        )
        return tuple(Marker(*row) for row in rows)
