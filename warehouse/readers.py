"""What analytics and the console ask of the warehouse, typed. Every question names its tenant and its time.

Times are unix seconds; stretches are [since, until) by `ended_at`; interim rows never count. Tables are
returned as parallel columns (lists or arrays of numbers), ordered as their SQL file says.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.events import Outcome
from warehouse.ledger import CLOSED
from warehouse.queries import load

# A worker writes a ledger row each second; one that was silent for this long is not waited for.
HEARD_S: Final = 5.0
# How far back its last words are looked for, and over how long the share of lost events is taken.
LEDGER_S: Final = 60.0
# A row may be stamped ahead of this host's clock.
AHEAD_S: Final = 60.0
MICROSECONDS: Final = 1_000_000
UPSTREAM_FAILURES: Final = tuple(
    str(outcome)
    for outcome in (
        Outcome.CONNECT_FAILED,
        Outcome.CONNECT_TIMEOUT,
        Outcome.FIRST_BYTE_TIMEOUT,
        Outcome.RESPONSE_TIMEOUT,
        Outcome.TOTAL_TIMEOUT,
        Outcome.UPSTREAM_RESET,
        Outcome.UPSTREAM_MALFORMED,
        Outcome.UPSTREAM_TRUNCATED,
    )
)
Table = TypeVar("Table", bound=msgspec.Struct)
Rollup = Literal["requests_1s", "requests_1m", "requests_1h"]


class Watermark(msgspec.Struct, frozen=True):
    """`through`: every event that ended before is stored, spooled or lost (spooled ones come late).

    None where no worker was heard within LEDGER_S. `workers`: those heard within HEARD_S of the newest, which
    was heard at `heard_at`.
    `loss`: share of events dropped, 0 to 1, over LEDGER_S. `spooled`: rows that will come late.
    """

    through: float | None
    workers: tuple[str, ...]
    loss: float
    spooled: int
    open_requests: int
    slow_clients: tuple[str, ...]
    heard_at: float = 0.0


class Loss(msgspec.Struct, frozen=True):
    """The ledger of a stretch of time, summed over workers. `spooled` and `buffered` are as at its end."""

    offered: int
    stored: int
    spooled: int
    dropped: int
    buffered: int

    @property
    def share(self) -> float:
        """Dropped of offered, 0 to 1."""
        return min(1.0, self.dropped / self.offered) if self.offered > 0 else float(self.dropped > 0)


class History(msgspec.Struct, frozen=True):
    """One row per (start of an interval, route), from a roll-up. Histograms: floor(8 log2 us) -> requests."""

    began: Sequence[int]
    route: Sequence[str]
    requests: Sequence[int]
    errors_5xx: Sequence[int]
    errors_4xx: Sequence[int]
    refused: Sequence[int]
    upstream_errors: Sequence[int]
    bytes_out: Sequence[int]
    duration_sum_us: Sequence[int]
    upstream_sum_us: Sequence[int]
    durations: Sequence[Mapping[int, int]]
    upstream_times: Sequence[Mapping[int, int]]


# (second, worker, boot) -> rows. Rows are only ever added, so equal counts are equal rows.
Arrivals = Mapping[tuple[int, str, int], int]


class Reader:
    """Asks for one tenant. Safe where its client is."""

    def __init__(self, client: Client, tenant: str) -> None:
        self._client = client
        self._tenant = tenant

    def watermark(self, now: float, *, pace: float = 1.0) -> Watermark:
        """Up to when windows may be closed; `pace` is how much faster than time the workers' clock runs."""
        columns = self._ask("watermark", now - LEDGER_S * pace, now + AHEAD_S * pace)
        return to_watermark(list(zip(*columns, strict=True)), pace=pace)

    def loss(self, since: float, until: float) -> Loss:
        """What became of events, by the ledger rows written in that time."""
        columns = self._ask("loss", since, until)
        return Loss(*(int(column[0]) for column in columns))

    def refusals(self, since: float, until: float) -> dict[str, int]:
        """Requests that were refused, by reason (see kernel.decide.Reason)."""
        columns = self._ask("refusals", since, until)
        return {str(reason): int(requests) for reason, requests in zip(*columns, strict=True)}

    def arrivals(self, since: float, until: float) -> Arrivals:
        """The rows that are there now: by these, what came later is found."""
        columns = self._ask("arrivals", since, until)
        return {(second, worker, boot): rows for second, worker, boot, rows, _ in zip(*columns, strict=True)}

    def history(self, since: float, until: float, *, rollup: Rollup = "requests_1m") -> History:
        """What each route did, coarsely: to warm baselines up after a restart."""
        parameters = {"since": int(since), "until": int(until), "rollup": rollup}
        return to_table(History, self._columns("history", parameters))

    def _ask(self, name: str, since: float, until: float, **parameters: object) -> Sequence[Sequence[Any]]:
        stretch = {"since": round(since * MICROSECONDS), "until": round(until * MICROSECONDS)}
        return self._columns(name, stretch | parameters)

    def _columns(self, name: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        answer = self._client.query(
            load(name), parameters={"tenant": self._tenant} | parameters, column_oriented=True
        )
        columns: Sequence[Sequence[Any]] = answer.result_set
        return columns


def to_table(kind: type[Table], columns: Sequence[Sequence[Any]]) -> Table:
    """Columns by name. An answer without rows comes without columns too."""
    return kind(*(columns or [()] * len(kind.__struct_fields__)))


def to_watermark(boots: Sequence[Sequence[Any]], *, pace: float) -> Watermark:
    """From rows of watermark.sql. A closed boot holds nothing back, and is no worker any more."""
    if not boots:
        return Watermark(None, (), 0.0, 0, 0, ())
    newest = max(boot[3] for boot in boots)
    heard = [boot for boot in boots if newest - boot[3] <= HEARD_S * pace * MICROSECONDS]
    live = [boot for boot in heard if boot[2] < CLOSED]
    through = min((boot[2] for boot in live), default=newest)
    offered, dropped = (sum(boot[column] for boot in boots) for column in (4, 5))
    return Watermark(
        through=min(through, newest) / MICROSECONDS,
        workers=tuple(sorted({boot[0] for boot in live})),
        loss=Loss(offered, 0, 0, dropped, 0).share,
        spooled=sum(boot[6] for boot in boots),
        open_requests=sum(boot[7] for boot in live),
        slow_clients=tuple(client for boot in live for client in boot[8]),
        heard_at=newest / MICROSECONDS,
    )
