"""Recommendations in the store, with what became of them."""

import sqlite3
from collections.abc import Iterable

import msgspec

from console.approvals import Approvals
from console.transaction import Transaction
from kernel.recommendations import Recommendation, Reviewed, State, patch_digest

DECODER = msgspec.json.Decoder(Reviewed)
MOST_LISTED = 1_000
KEPT_S = 400 * 86_400.0  # of what has ended
MOST_ENDED = 10_000
REOPENED = frozenset({"open", "expired", "withdrawn"})  # a proposal that comes again is open again

FORGET_OLD = "DELETE FROM proposals WHERE tenant = ? AND state IN ('expired', 'withdrawn') AND changed_at < ?"
FORGET_MANY = (
    "DELETE FROM proposals WHERE tenant = ? AND id IN (SELECT id FROM proposals WHERE tenant = ?"
    " AND state IN ('expired', 'withdrawn') ORDER BY changed_at DESC LIMIT -1 OFFSET ?)"
)


class Proposals:
    """The table of one store; not for use by two threads at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._approvals = Approvals(connection)

    def propose(
        self, tenant: str, recommendations: Iterable[Recommendation], now: float
    ) -> tuple[Reviewed, ...]:
        """Add or update, all or none; those that were approved (and hold) or rejected stay as they are."""
        with Transaction(self._connection):
            kept = tuple(self._propose(tenant, each, now) for each in recommendations)
            if any(each.changed_at == now for each in kept):
                self._forget_ended(tenant, now)
        return kept

    def _propose(self, tenant: str, recommendation: Recommendation, now: float) -> Reviewed:
        known = self.find(tenant, recommendation.id)
        if known is not None and known.state not in REOPENED:
            return known
        digest = patch_digest(recommendation.patch)
        if recommendation.replay is not None and recommendation.replay.patch not in ("", digest):
            # It speaks for another change; what it promised must not be quoted of this one.
            recommendation = msgspec.structs.replace(recommendation, replay=None)
        if known is not None and recommendation.replay is None and keeps_replay(known, recommendation):
            recommendation = msgspec.structs.replace(recommendation, replay=known.recommendation.replay)
        proposed = Reviewed(recommendation, "open", now, patch=digest)
        if known is None or known.recommendation != recommendation or known.state != "open":
            self.put(tenant, proposed)
        return proposed

    def put(self, tenant: str, reviewed: Reviewed) -> None:
        """Store one as it is now, and its approval beside those of before."""
        body = msgspec.json.encode(reviewed).decode()
        self._connection.execute(
            "INSERT OR REPLACE INTO proposals VALUES (?, ?, ?, ?, ?)",
            (tenant, reviewed.recommendation.id, reviewed.state, reviewed.changed_at, body),
        )
        if reviewed.approval is not None:
            self._approvals.keep(tenant, reviewed, reviewed.approval)

    def find(self, tenant: str, which: str) -> Reviewed | None:
        """One by its id."""
        row = self._connection.execute(
            "SELECT body FROM proposals WHERE tenant = ? AND id = ?", (tenant, which)
        ).fetchone()
        return reviewed_of(row[0]) if row else None

    def listed(self, tenant: str, state: str = "") -> tuple[Reviewed, ...]:
        """Those of a state (empty: every one), changed last first, MOST_LISTED at most."""
        rows = self._connection.execute(
            "SELECT body FROM proposals WHERE tenant = ? AND (? = '' OR state = ?)"
            " ORDER BY changed_at DESC, id LIMIT ?",
            (tenant, state, state, MOST_LISTED),
        )
        return tuple(reviewed_of(body) for (body,) in rows)

    def every(self, tenant: str, *states: State) -> tuple[Reviewed, ...]:
        """Every one of some states, however many there are."""
        rows = [
            row
            for state in states
            for row in self._connection.execute(
                "SELECT body FROM proposals WHERE tenant = ? AND state = ?", (tenant, state)
            )
        ]
        return tuple(reviewed_of(body) for (body,) in rows)

    def _forget_ended(self, tenant: str, now: float) -> None:
        """Delete what expired or was withdrawn, older than KEPT_S or more than MOST_ENDED.

        What was rejected stays: it must not be proposed again.
        """
        self._connection.execute(FORGET_OLD, (tenant, now - KEPT_S))
        self._connection.execute(FORGET_MANY, (tenant, tenant, MOST_ENDED))


def reviewed_of(body: str) -> Reviewed:
    """A stored one; those of earlier versions have no digest of their patch."""
    found = DECODER.decode(body)
    return (
        found
        if found.patch
        else msgspec.structs.replace(found, patch=patch_digest(found.recommendation.patch))
    )


def keeps_replay(known: Reviewed, proposed: Recommendation) -> bool:
    """Whether the replay of a proposal speaks for it as it is proposed again: the change is the same."""
    return known.recommendation.patch == proposed.patch
