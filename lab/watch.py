"""Watches the warehouse for what analytics found and for where the events are."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from kernel.findings import Finding, Overlay
from lab.scoring import Seen, Telemetry

PERIOD_S = 0.25  # how late the lab may read a finding; its delays are told with this on top


class Ledger(NamedTuple):
    """Sums over the proxy's workers as their last ledger rows say, and the rows in the table."""

    offered: int
    spooled: int
    lost: int
    buffered: int
    rows: int


class Reader(Protocol):
    """What the lab asks of the warehouse; calls block."""

    def findings(self) -> Sequence[Finding]:
        """The findings since the demo began."""

    def overlays(self) -> Sequence[Overlay]:
        """The overlays created since the demo began."""

    def refusals(self) -> Mapping[str, int]:
        """Requests refused since the demo began, by reason."""

    def ledger(self) -> Ledger:
        """The account of events since the demo began."""


class Watch:
    """Remembers each finding with the time of its first sight."""

    def __init__(self, reader: Reader, clock: Callable[[], float], heard: Callable[[Seen], None]) -> None:
        self.seen: dict[str, Seen] = {}
        self._reader = reader
        self._clock = clock
        self._heard = heard

    async def look(self) -> None:
        """Read the findings once."""
        for finding in await asyncio.to_thread(self._reader.findings):
            if finding.id in self.seen:
                self.seen[finding.id] = Seen(finding, self.seen[finding.id].at)
                continue
            self.seen[finding.id] = Seen(finding, self._clock())
            self._heard(self.seen[finding.id])

    async def follow(self) -> None:
        """Look, again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(PERIOD_S)

    async def overlays(self) -> Sequence[Overlay]:
        """The limits that analytics set."""
        return await asyncio.to_thread(self._reader.overlays)

    async def refusals(self) -> Mapping[str, int]:
        """Refused requests by reason."""
        return await asyncio.to_thread(self._reader.refusals)

    async def account(self, sent: int, patience_s: float) -> Telemetry:
        """Where the events are, once nothing is on its way any more or patience ends."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        while True:
            ledger = await asyncio.to_thread(self._reader.ledger)
            settled = ledger.offered >= sent and ledger.rows + ledger.spooled + ledger.lost >= ledger.offered
            if settled or loop.time() > until:
                return Telemetry(sent, ledger.offered, ledger.rows, ledger.spooled, ledger.lost)
            await asyncio.sleep(PERIOD_S)
