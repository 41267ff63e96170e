"""Revisions of the policy in the store: each text that was in force, by whom, why and when.

The newest is the one in force. A rollback adds a revision with an older text: history only grows.
"""

import difflib
import sqlite3

import msgspec

from kernel.control import Revision, RevisionInFull, Undone

HEAD = (
    "SELECT number, revision, parent, author, reason, created_at, text FROM revisions"
    " WHERE tenant = ? ORDER BY number DESC LIMIT 1"
)
NAMED = (
    "SELECT number, revision, parent, author, reason, created_at, text FROM revisions"
    " WHERE tenant = ? AND revision = ? ORDER BY number DESC LIMIT 1"
)
NUMBERED = (
    "SELECT number, revision, parent, author, reason, created_at, text FROM revisions"
    " WHERE tenant = ? AND number = ?"
)
MOST_LISTED = 500
NOTHING_UNDONE = Undone()


class NewRevision(msgspec.Struct, frozen=True):
    """What becomes a revision. `created_at` is in seconds since 1970."""

    revision: str
    text: str
    author: str
    reason: str
    created_at: float


class Revisions:
    """The table of one store; not for use by two threads at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def head(self, tenant: str) -> RevisionInFull | None:
        """The revision in force, None before the first."""
        return self._one(HEAD, (tenant,))

    def only_tenant(self) -> str:
        """Whose revisions these are; empty where there are none, or several tenants'."""
        found = self._connection.execute("SELECT DISTINCT tenant FROM revisions LIMIT 2").fetchall()
        return str(found[0][0]) if len(found) == 1 else ""

    def add(self, tenant: str, new: NewRevision) -> RevisionInFull:
        """Put a text in force."""
        before = self.head(tenant)
        number, parent = (before.number + 1, before.revision) if before else (1, "")
        self._connection.execute(
            "INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (tenant, number, new.revision, parent, new.text, new.author, new.reason, new.created_at),
        )
        return RevisionInFull(
            number, new.revision, parent, new.author, new.reason, new.created_at, text=new.text
        )

    def listed(self, tenant: str) -> tuple[Revision, ...]:
        """Newest first, MOST_LISTED at most."""
        rows = self._connection.execute(
            "SELECT number, revision, parent, author, reason, created_at FROM revisions"
            " WHERE tenant = ? ORDER BY number DESC LIMIT ?",
            (tenant, MOST_LISTED),
        )
        return tuple(Revision(*row) for row in rows)

    def find(self, tenant: str, revision: str) -> RevisionInFull | None:
        """The newest revision of that name, with the diff to its parent."""
        found = self._one(NAMED, (tenant, revision))
        if found is None:
            return None
        before = self._one(NUMBERED, (tenant, found.number - 1))
        diff = unified(before.text if before else "", found.text, names=(found.parent, found.revision))
        return msgspec.structs.replace(found, diff=diff)

    def seed(self, tenant: str) -> str:
        """The revision of the policy file that was taken last; empty: none."""
        row = self._connection.execute("SELECT revision FROM seeds WHERE tenant = ?", (tenant,)).fetchone()
        return str(row[0]) if row else ""

    def set_seed(self, tenant: str, revision: str, undone: Undone = NOTHING_UNDONE) -> None:
        """Note which version of the file was taken, and what that undid."""
        written = msgspec.json.encode(undone).decode()
        self._connection.execute("INSERT OR REPLACE INTO seeds VALUES (?, ?, ?)", (tenant, revision, written))

    def undone(self, tenant: str) -> Undone:
        """What the version of the file that was taken last undid."""
        row = self._connection.execute("SELECT undone FROM seeds WHERE tenant = ?", (tenant,)).fetchone()
        return msgspec.json.decode(row[0], type=Undone) if row else Undone()

    def _one(self, question: str, values: tuple[str | int, ...]) -> RevisionInFull | None:
        row = self._connection.execute(question, values).fetchone()
        return RevisionInFull(*row) if row else None


def unified(before: str, after: str, *, names: tuple[str, str]) -> str:
    """The unified diff of two texts, empty where they are the same."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), names[0] or "nothing", names[1], lineterm=""
    )
    return "\n".join(lines)
