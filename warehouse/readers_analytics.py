"""What a tick of analytics asks of the warehouse: windows of one second, as parallel columns.

Each question is bounded by time, so that its cost does not grow with history. Stretches are
[since, until) in unix seconds; rows more than 2 s ahead of the warehouse's clock are clamped.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.events import Outcome
from warehouse.readers import UPSTREAM_FAILURES, History, Reader, to_table

Table = Literal["requests", "imports"]
MOST_CELLS: Final = 50_000  # per second
MOST_MIXES: Final = 50  # kinds of client per second
MOST_PROBING: Final = 1_000  # identities per second
LEAST_ADDRESSED: Final = 100  # requests in ten seconds before one address can carry most of them
# Ends that say nothing of the upstream: nobody asked it, or the client left first.
UNASKED: Final = tuple(
    str(outcome)
    for outcome in (
        Outcome.REFUSED,
        Outcome.NO_ROUTE,
        Outcome.BAD_REQUEST,
        Outcome.BODY_TOO_LARGE,
        Outcome.HEAD_TIMEOUT,
        Outcome.BODY_TIMEOUT,
        Outcome.CLIENT_GONE_HEAD,
        Outcome.CLIENT_GONE_BODY,
    )
)
# Failures, but no latency: a closed port answers faster than any upstream.
UNCONNECTED: Final = (str(Outcome.CONNECT_FAILED), str(Outcome.CONNECT_TIMEOUT))


class CellColumns(msgspec.Struct, frozen=True):
    """One row per (second, route, identity), ordered by second; refused requests included."""

    second: Sequence[int]
    route: Sequence[str]
    identity: Sequence[str]
    identity_hash: Sequence[int]
    requests: Sequence[int]
    ahead: Sequence[int]


class RouteColumns(msgspec.Struct, frozen=True):
    """One row per (second, route), ordered by second; logs in thousandths of ln microseconds."""

    second: Sequence[int]
    route: Sequence[str]
    upstream: Sequence[str]
    requests: Sequence[int]
    failures: Sequence[int]
    timed: Sequence[int]
    upstream_sum: Sequence[int]
    upstream_squares: Sequence[int]
    upstream_p95: Sequence[int]
    gateway_sum: Sequence[int]
    gateway_squares: Sequence[int]
    gateway_p95: Sequence[int]


class AddressColumns(msgspec.Struct, frozen=True):
    """One row per stretch of ten seconds (its number since 1970): the busiest address and all of them."""

    stretch: Sequence[int]
    address: Sequence[str]
    requests: Sequence[int]
    consumers: Sequence[int]
    agents: Sequence[int]
    all_requests: Sequence[int]
    all_consumers: Sequence[int]
    all_agents: Sequence[int]


class LoginColumns(msgspec.Struct, frozen=True):
    """One row per (second, route) with logins, ordered by second; who failed as hashes."""

    second: Sequence[int]
    route: Sequence[str]
    tries: Sequence[int]
    failures: Sequence[int]
    subjects: Sequence[Sequence[int]]
    sources: Sequence[Sequence[int]]


class ProbeColumns(msgspec.Struct, frozen=True):
    """One row per (second, identity) that asked for what is not there, ordered by second; paths as hashes."""

    second: Sequence[int]
    identity: Sequence[str]
    identity_hash: Sequence[int]
    misses: Sequence[int]
    paths: Sequence[Sequence[int]]
    methods: Sequence[Sequence[str]]


class MixColumns(msgspec.Struct, frozen=True):
    """One row per (second, route, kind of client), ordered by second."""

    second: Sequence[int]
    route: Sequence[str]
    mix: Sequence[int]
    requests: Sequence[int]


class Extent(msgspec.Struct, frozen=True):
    """Rows of a tenant: how many, first and last second."""

    rows: int
    first: int
    last: int


class WindowReader(Reader):
    """Asks for the windows of one table as well. Safe where its client is."""

    def __init__(self, client: Client, tenant: str, *, table: Table = "requests") -> None:
        super().__init__(client, tenant)
        self._table = table

    def cells(self, since: float, until: float) -> CellColumns:
        """What each identity asked of each route in each second; the busiest MOST_CELLS of a second."""
        return to_table(CellColumns, self._of_table("cells", since, until, most=MOST_CELLS))

    def routes(self, since: float, until: float) -> RouteColumns:
        """How each route fared in each second."""
        columns = self._of_table(
            "route_windows",
            since,
            until,
            upstream_failures=list(UPSTREAM_FAILURES),
            unasked=list(UNASKED),
            unconnected=list(UNCONNECTED),
        )
        return to_table(RouteColumns, columns)

    def addresses(self, since: float, until: float) -> AddressColumns:
        """The busiest address of each ten seconds."""
        return to_table(AddressColumns, self._of_table("addresses", since, until, least=LEAST_ADDRESSED))

    def logins(self, since: float, until: float) -> LoginColumns:
        """How logins went on each route in each second."""
        return to_table(LoginColumns, self._of_table("logins", since, until))

    def probes(self, since: float, until: float) -> ProbeColumns:
        """Who asked for what is not there in each second; the worst MOST_PROBING of a second."""
        return to_table(ProbeColumns, self._of_table("probes", since, until, most=MOST_PROBING))

    def mixes(self, since: float, until: float) -> MixColumns:
        """Which kinds of client asked each route in each second; the commonest MOST_MIXES of a second."""
        return to_table(MixColumns, self._of_table("mixes", since, until, most=MOST_MIXES))

    def extent(self, since: float, until: float) -> Extent:
        """First and last row of a stretch."""
        return Extent(*(int(column[0]) for column in self._of_table("extent", since, until)))

    def hours(self, since: float, until: float) -> History:
        """What each route did by the hour, from roll-ups."""
        return self.history(since, until, rollup="requests_1h")

    def rows_there(self, since: float, until: float) -> dict[int, int]:
        """Second -> rows that ended in it and are stored by now, clamped ones left out."""
        seconds, _, _, rows, ahead = self._ask("arrivals", since, until) or ((), (), (), (), ())
        there: dict[int, int] = {}
        for second, count, early in zip(seconds, rows, ahead, strict=True):
            if count > early:
                there[second] = there.get(second, 0) + count - early
        return there

    def _of_table(
        self, name: str, since: float, until: float, **parameters: object
    ) -> Sequence[Sequence[Any]]:
        return self._ask(name, since, until, table=self._table, **parameters)
