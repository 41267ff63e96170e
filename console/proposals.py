"""Recommendations in the store, with what became of them."""

import sqlite3
from collections.abc import Iterable

import msgspec

from kernel.recommendations import Recommendation, Reviewed, patch_digest

DECODER = msgspec.json.Decoder(Reviewed)
MOST_LISTED = 1_000
REOPENED = frozenset({"open", "expired", "withdrawn"})  # a proposal that comes again is open again


class Proposals:
    """The table of one store; not for use by two threads at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def propose(
        self, tenant: str, recommendations: Iterable[Recommendation], now: float
    ) -> tuple[Reviewed, ...]:
        """Add or update; those that were approved (and hold) or rejected stay as they are."""
        return tuple(self._propose(tenant, each, now) for each in recommendations)

    def _propose(self, tenant: str, recommendation: Recommendation, now: float) -> Reviewed:
        known = self.find(tenant, recommendation.id)
        if known is not None and known.state not in REOPENED:
            return known
        if known is not None and recommendation.replay is None and keeps_replay(known, recommendation):
            recommendation = msgspec.structs.replace(recommendation, replay=known.recommendation.replay)
        proposed = Reviewed(recommendation, "open", now, patch=patch_digest(recommendation.patch))
        if known is None or known.recommendation != recommendation or known.state != "open":
            self.put(tenant, proposed)
        return proposed

    def put(self, tenant: str, reviewed: Reviewed) -> None:
        """Store one as it is now."""
        body = msgspec.json.encode(reviewed).decode()
        self._connection.execute(
            "INSERT OR REPLACE INTO proposals VALUES (?, ?, ?, ?, ?)",
            (tenant, reviewed.recommendation.id, reviewed.state, reviewed.changed_at, body),
        )

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
