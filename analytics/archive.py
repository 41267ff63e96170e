"""Findings, overlays, progress and demand in the warehouse."""

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from kernel.findings import Finding, Overlay
from warehouse.demand import DemandRow, insert_demand, read_demand
from warehouse.findings import insert_findings, read_findings
from warehouse.overlays import insert_overlays
from warehouse.progress import keep_progress, read_progress
from warehouse.suspects import find_suspects, insert_suspects

MOST_KNOWN = 10_000
DAY_S = 86_400.0


class WarehouseArchive:
    """Keeps one tenant's findings and overlays, what it asks for, and how far it was judged."""

    def __init__(self, client: Client, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    def known(self, since: float) -> Sequence[Finding]:
        """Findings with an onset since then, those that ended since (a day old at most), and open ones."""
        lately = [
            each
            for each in read_findings(self._client, self._tenant, since=since - DAY_S, limit=MOST_KNOWN)
            if max(each.onset, each.closed_at) >= since
        ]
        still = read_findings(self._client, self._tenant, open_only=True, limit=MOST_KNOWN)
        return list({finding.id: finding for finding in (*lately, *still)}.values())

    def keep_findings(self, findings: Sequence[Finding]) -> None:
        """Write new ones and new states of known ones, and whom they accuse."""
        insert_findings(self._client, findings)
        accused = [suspect for finding in findings for suspect in find_suspects(self._client, finding)]
        insert_suspects(self._client, self._tenant, accused)

    def keep_overlays(self, overlays: Sequence[Overlay]) -> None:
        """Write what was published."""
        insert_overlays(self._client, overlays)

    def progress(self) -> int | None:
        """The first second that is not judged yet; None where nothing was ever judged."""
        return read_progress(self._client, self._tenant)

    def keep_progress(self, judged: int) -> None:
        """Note how far it was judged."""
        keep_progress(self._client, self._tenant, judged)

    def demand(self, hours: Sequence[int]) -> Sequence[DemandRow]:
        """What was usual in some hours of the past."""
        return read_demand(self._client, self._tenant, hours)

    def keep_demand(self, rows: Sequence[DemandRow]) -> None:
        """Note what is usual now."""
        insert_demand(self._client, self._tenant, rows)
