"""What sinks were told of alerts, and how that fared: written again at each step, the newest stands."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
from clickhouse_connect.driver.client import Client

from warehouse.moments import to_datetime, to_seconds
from warehouse.queries import load

_TIMES: Final = frozenset({"starts_at", "ends_at", "at", "settled_at"})
MOST_READ: Final = 10_000
MOST_SHOWN: Final = 2_000
FIRES_AGAIN: Final = "not told, on purpose: the same fires again"  # a `failure` that is none


class DeliveryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One alert at one sink, see the table. Times are seconds since 1970; `settled_at` 0: it is tried."""

    alert: str
    name: str
    sink: str
    state: Literal["firing", "resolved"]
    severity: str
    summary: str
    labels: dict[str, str]
    starts_at: float
    ends_at: float
    tried: int
    delivered: bool
    failure: str
    at: float
    settled_at: float
    content: str  # JSON: the alert as it was told


def insert_deliveries(client: Client, tenant: str, rows: Sequence[DeliveryRow]) -> None:
    """Stores rows; those of the same alert, sink and state are replaced.

    Raises clickhouse_connect's errors.
    """
    if rows:
        names = DeliveryRow.__struct_fields__
        stored = [[tenant, *(_to_cell(row, name) for name in names)] for row in rows]
        client.insert("deliveries", stored, column_names=["tenant", *names])


def read_unfinished(client: Client, tenant: str, *, since: float) -> list[DeliveryRow]:
    """What was taken up since then and still fires, or is not settled; the oldest first."""
    asked = {"tenant": tenant, "since": to_datetime(since), "limit": MOST_READ}
    found = client.query(load("deliveries_unfinished"), parameters=asked)
    return [_to_row(dict(zip(found.column_names, row, strict=True))) for row in found.result_rows]


def read_deliveries(client: Client, tenant: str, since: float) -> list[DeliveryRow]:
    """What sinks took up since a moment, and what still fires; the newest first, MOST_SHOWN at most."""
    asked = {"tenant": tenant, "since": round(since * 1e3), "most": MOST_SHOWN}
    found = client.query(load("told"), parameters=asked)
    return [_to_row(dict(zip(found.column_names, row, strict=True))) for row in found.result_rows]


def _to_cell(row: DeliveryRow, name: str) -> object:
    value = getattr(row, name)
    return to_datetime(value) if name in _TIMES else value


def _to_row(row: dict[str, object]) -> DeliveryRow:
    times = {name: to_seconds(row[name]) for name in _TIMES}  # type: ignore[arg-type]  # datetimes by schema
    return msgspec.convert({**row, **times, "delivered": bool(row["delivered"])}, DeliveryRow)
