"""Every approval in the store, with the harm that was promised and what was realised of it."""

import sqlite3

import msgspec

from kernel.recommendations import Approval, KeptApproval, Realised, Reviewed

DECODER = msgspec.json.Decoder(KeptApproval)
MOST_LISTED = 1_000
TIME_OVER = "its time was over"


class Approvals:
    """The table of one store; not for use by two threads at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keep(self, tenant: str, reviewed: Reviewed, approval: Approval) -> None:
        """Store the approval of one as it is now; each decision is a row of its own."""
        self._put(tenant, kept_of(reviewed, approval))

    def account(self, tenant: str, realised: Realised) -> bool:
        """Store what an approval did, though its recommendation was proposed again meanwhile.

        It is the last that was decided before the account begins; False where there is none.
        """
        row = self._connection.execute(
            "SELECT body FROM approvals WHERE tenant = ? AND recommendation = ? AND decided_at <= ?"
            " ORDER BY decided_at DESC LIMIT 1",
            (tenant, realised.recommendation, realised.since),
        ).fetchone()
        if row is not None:
            self._put(tenant, msgspec.structs.replace(DECODER.decode(row[0]), realised=realised))
        return row is not None

    def _put(self, tenant: str, kept: KeptApproval) -> None:
        body = msgspec.json.encode(kept).decode()
        self._connection.execute(
            "INSERT OR REPLACE INTO approvals VALUES (?, ?, ?, ?)",
            (tenant, kept.recommendation, kept.approval.decided_at, body),
        )

    def listed(self, tenant: str, recommendation: str = "") -> tuple[KeptApproval, ...]:
        """Those of a recommendation (empty: of every one), decided last first, MOST_LISTED at most."""
        rows = self._connection.execute(
            "SELECT body FROM approvals WHERE tenant = ? AND (? = '' OR recommendation = ?)"
            " ORDER BY decided_at DESC, recommendation LIMIT ?",
            (tenant, recommendation, recommendation, MOST_LISTED),
        )
        return tuple(DECODER.decode(body) for (body,) in rows)


def kept_of(reviewed: Reviewed, approval: Approval) -> KeptApproval:
    """What stays of an approval when its recommendation is proposed again."""
    about, holds = reviewed.recommendation, reviewed.state == "approved"
    return KeptApproval(
        recommendation=about.id,
        kind=about.kind,
        route=about.route,
        title=about.title,
        rules=about.rules,
        patch=reviewed.patch,
        approval=approval,
        realised=reviewed.realised,
        ended_at=0.0 if holds else reviewed.changed_at,
        why="" if holds else reviewed.withdrawn_because or TIME_OVER,
    )
