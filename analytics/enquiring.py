"""Asks the warehouse beside the loop what accused addresses did besides: that reads a day of requests."""

import logging
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Final

from clickhouse_connect.driver.client import Client

from warehouse.conduct import Conduct
from warehouse.evidence import EvidenceReader
from warehouse.failures import FAILURES, to_line

MOST_KEPT: Final = 200  # onsets of findings

log = logging.getLogger("tidegate.analytics")


class EnquiringReader(EvidenceReader):
    """Evidence, of which conduct comes later: by `beside`, which has a client of its own, in `threads`."""

    def __init__(self, client: Client, tenant: str, *, beside: EvidenceReader, threads: Executor) -> None:
        super().__init__(client, tenant)
        self._beside, self._threads = beside, threads
        self._known: dict[float, Conduct] = {}  # by `since`
        self._pending: dict[float, Future[Conduct]] = {}

    def conduct(self, who: Sequence[str], *, since: float, until: float) -> Conduct:
        """What is known of them by now; who is not `known` yet is asked about, each address once."""
        known = self._taken(since)
        new = [each for each in who if each.startswith("ip:") and each not in known.known]
        if new and since not in self._pending:
            self._pending[since] = self._threads.submit(self._beside.conduct, new, since=since, until=until)
        return known

    def _taken(self, since: float) -> Conduct:
        known = self._known.get(since, Conduct())
        if since not in self._pending or not self._pending[since].done():
            return known
        try:
            found = self._pending.pop(since).result()
        except FAILURES as failure:
            log.debug("the conduct of the accused is asked for again: %s", to_line(failure))
            return known
        names = Conduct.__struct_fields__
        together = Conduct(**{name: getattr(known, name) | getattr(found, name) for name in names})
        self._known = {**dict(list(self._known.items())[-MOST_KEPT:]), since: together}
        return together
