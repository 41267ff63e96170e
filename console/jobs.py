"""Replays that somebody asked for, in the store: who works on them and how far they are."""

import sqlite3

import msgspec

from kernel.replays import Job

SILENT_AFTER_S = 30.0  # a worker that says nothing for so long has died
MOST_DEATHS = 3  # then it is the job that kills them
MOST_LISTED = 200
MOST_KEPT = 1_000  # older ones that ended are forgotten
ENDED = frozenset({"done", "failed", "cancelled"})
DECODER = msgspec.json.Decoder(Job)


class Jobs:
    """The table of one store; not for use by two threads at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, job: Job, holder: str = "") -> None:
        """Store a job as it is now, and who works on it."""
        self._connection.execute(
            "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(job.tenant, job.id, job.state, holder, job.created_at, job.changed_at),
                msgspec.json.encode(job).decode(),
            ),
        )

    def find(self, tenant: str, which: str) -> Job | None:
        """One by its id."""
        row = self._connection.execute(
            "SELECT body FROM jobs WHERE tenant = ? AND id = ?", (tenant, which)
        ).fetchone()
        return DECODER.decode(row[0]) if row else None

    def holder(self, tenant: str, which: str) -> str:
        """Who works on it; empty: nobody."""
        row = self._connection.execute(
            "SELECT holder FROM jobs WHERE tenant = ? AND id = ?", (tenant, which)
        ).fetchone()
        return str(row[0]) if row else ""

    def listed(self, tenant: str) -> tuple[Job, ...]:
        """Newest first, MOST_LISTED at most."""
        rows = self._connection.execute(
            "SELECT body FROM jobs WHERE tenant = ? ORDER BY created_at DESC, id LIMIT ?",
            (tenant, MOST_LISTED),
        )
        return tuple(DECODER.decode(body) for (body,) in rows)

    def claim(self, tenant: str, holder: str, now: float) -> Job | None:
        """Give the oldest job that waits to `holder`; None where none waits."""
        row = self._connection.execute(
            "SELECT body FROM jobs WHERE tenant = ? AND state = 'queued' ORDER BY created_at, id LIMIT 1",
            (tenant,),
        ).fetchone()
        if row is None:
            return None
        claimed = msgspec.structs.replace(DECODER.decode(row[0]), state="running", changed_at=now)
        self.put(claimed, holder)
        return claimed

    def requeue_silent(self, tenant: str, now: float) -> None:
        """Queue those again whose worker is silent for SILENT_AFTER_S; after MOST_DEATHS one has failed."""
        rows = self._connection.execute(
            "SELECT body FROM jobs WHERE tenant = ? AND state = 'running' AND changed_at < ?",
            (tenant, now - SILENT_AFTER_S),
        ).fetchall()
        for (body,) in rows:
            self.put(after_death(DECODER.decode(body), now))

    def forget_old(self, tenant: str) -> None:
        """Delete what ended long ago: MOST_KEPT jobs stay."""
        self._connection.execute(
            "DELETE FROM jobs WHERE tenant = ? AND state IN ('done', 'failed', 'cancelled') AND id NOT IN"
            " (SELECT id FROM jobs WHERE tenant = ? ORDER BY created_at DESC, id LIMIT ?)",
            (tenant, tenant, MOST_KEPT),
        )


def after_death(job: Job, now: float) -> Job:
    """The job of a worker that died: it waits again, or has failed."""
    deaths = job.deaths + 1
    if deaths < MOST_DEATHS:
        return msgspec.structs.replace(job, state="queued", progress=0.0, changed_at=now, deaths=deaths)
    failure = f"its worker died {deaths} times; look at what analytics logs, and ask for less"
    return msgspec.structs.replace(job, state="failed", failure=failure, changed_at=now, deaths=deaths)
