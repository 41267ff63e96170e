"""What the lab reads of the warehouse, through the same readers as everybody."""

from collections.abc import Callable, Mapping, Sequence

from clickhouse_connect.driver.client import Client

from kernel.findings import Finding, Overlay
from lab.watch import Ledger
from warehouse.client import connect
from warehouse.findings import read_findings
from warehouse.overlays import read_overlays
from warehouse.readers import Reader

MARGIN_S = 120.0  # the last ledger row may be stamped ahead of our clock


class WarehouseReader:
    """Reads what happened from `since` on (seconds since 1970, on the events' clock)."""

    def __init__(self, client: Client, tenant: str, *, since: float, clock: Callable[[], float]) -> None:
        self._client = client
        self._tenant = tenant
        self._since = since
        self._clock = clock
        self._reader = Reader(client, tenant)

    def findings(self) -> Sequence[Finding]:
        """The findings about what happened since then."""
        return read_findings(self._client, self._tenant, since=self._since)

    def overlays(self) -> Sequence[Overlay]:
        """The overlays created since then."""
        return read_overlays(self._client, self._tenant, since=self._since)

    def refusals(self) -> Mapping[str, int]:
        """Requests refused since then, by reason."""
        return self._reader.refusals(self._since, self._clock() + MARGIN_S)

    def ledger(self) -> Ledger:
        """The account of events: the ledger's sums, and the rows that are in the table."""
        until = self._clock() + MARGIN_S
        loss = self._reader.loss(self._since, until)
        rows = sum(self._reader.arrivals(self._since, until).values())
        return Ledger(loss.offered, loss.spooled, loss.dropped, loss.buffered, rows)


def open_reader(url: str, tenant: str, *, since: float, clock: Callable[[], float]) -> WarehouseReader:
    """A reader with a connection of its own. Raises clickhouse_connect's errors."""
    return WarehouseReader(connect(url), tenant, since=since, clock=clock)
