"""Who did what in the store: the audit, operators' labels, and markers.

What people do is an entry each, never changed. What analytics does by itself (routine) may be a change
each second: within a while the same deed on the same object is one entry that counts.
"""

import sqlite3

import msgspec

from kernel.control import AuditEntry, Label, Marker

MOST_LISTED = 1_000
MERGED_WITHIN_S = 60.0  # of an entry's beginning
KEPT_S = 400 * 86_400.0  # a year, and the time to notice: the usual span of an audit
MOST_ROUTINE = 100_000  # about 40 MB; no attack pushes out what people did
FORGET_EVERY = 100  # entries
FIRST = 1 << 62  # above every number


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
        """Write down what somebody did; it is kept for KEPT_S."""
        self._insert(tenant, deed, at, is_routine=False)

    def note_routine(self, tenant: str, deed: Deed, at: float, *, within_s: float = MERGED_WITHIN_S) -> None:
        """Write down what a program did by itself, or count it in the entry that began within `within_s`.

        The newest MOST_ROUTINE entries are kept, for KEPT_S.
        """
        counted = self._connection.execute(
            "UPDATE audit SET times = times + 1, until = ?, detail = ? WHERE at > ? AND number ="
            " (SELECT max(number) FROM audit"
            " WHERE tenant = ? AND routine = 1 AND author = ? AND what = ? AND object = ?)",
            (at, deed.detail, at - within_s, tenant, deed.author, deed.what, deed.object),
        )
        if not counted.rowcount:
            self._insert(tenant, deed, at, is_routine=True)

    def _insert(self, tenant: str, deed: Deed, at: float, *, is_routine: bool) -> None:
        number = self._connection.execute(
            "INSERT INTO audit (tenant, at, until, author, what, object, detail, routine)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (tenant, at, at, deed.author, deed.what, deed.object, deed.detail, int(is_routine)),
        ).lastrowid
        if number and number % FORGET_EVERY == 0:
            self.forget(tenant, at)

    def forget(self, tenant: str, now: float) -> None:
        """Delete what is older than KEPT_S, and of routine what is more than MOST_ROUTINE."""
        # `until` is 0 in entries of before there was one.
        self._connection.execute(
            "DELETE FROM audit WHERE tenant = ? AND max(at, until) < ?", (tenant, now - KEPT_S)
        )
        self._connection.execute(
            "DELETE FROM audit WHERE tenant = ? AND routine = 1 AND number <="
            " (SELECT number FROM audit WHERE tenant = ? AND routine = 1"
            " ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (tenant, tenant, MOST_ROUTINE),
        )

    def entries(self, tenant: str, before: int = FIRST) -> tuple[AuditEntry, ...]:
        """Those numbered below `before`, newest first, MOST_LISTED at most."""
        rows = self._connection.execute(
            "SELECT number, at, author, what, object, detail, times, until FROM audit"
            " WHERE tenant = ? AND number < ? ORDER BY number DESC LIMIT ?",
            (tenant, before, MOST_LISTED),
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
