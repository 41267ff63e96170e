"""Findings and overlays in the warehouse."""

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from kernel.findings import Finding, Overlay
from warehouse.findings import insert_findings, read_findings
from warehouse.overlays import insert_overlays

MOST_KNOWN = 10_000


class WarehouseArchive:
    """Keeps one tenant's findings and overlays."""

    def __init__(self, client: Client, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    def known(self, since: float) -> Sequence[Finding]:
        """Findings with an onset since then, and open ones of any age."""
        lately = read_findings(self._client, self._tenant, since=since, limit=MOST_KNOWN)
        still = read_findings(self._client, self._tenant, open_only=True, limit=MOST_KNOWN)
        return list({finding.id: finding for finding in (*lately, *still)}.values())

    def keep_findings(self, findings: Sequence[Finding]) -> None:
        """Write new ones and new states of known ones."""
        insert_findings(self._client, findings)

    def keep_overlays(self, overlays: Sequence[Overlay]) -> None:
        """Write what was published."""
        insert_overlays(self._client, overlays)
