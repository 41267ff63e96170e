"""The history of overlays in the warehouse, for joins with `requests.overlay`; the truth is the console's."""

from collections.abc import Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.findings import Overlay
from warehouse.moments import to_datetime, to_seconds
from warehouse.queries import load

_FIELDS = Overlay.__struct_fields__
_TIMES = ("created_at", "expires_at")


def insert_overlays(client: Client, overlays: Sequence[Overlay]) -> None:
    """Stores overlays; an id that is there is replaced. Raises clickhouse_connect's errors."""
    rows = [
        [to_datetime(getattr(one, name)) if name in _TIMES else getattr(one, name) for name in _FIELDS]
        for one in overlays
    ]
    if rows:
        client.insert("overlays", rows, column_names=list(_FIELDS))


def read_overlays(client: Client, tenant: str, *, since: float = 0.0) -> list[Overlay]:
    """A tenant's overlays that were created at or after `since` (seconds since 1970), oldest first."""
    result = client.query(load("overlays"), parameters={"tenant": tenant, "since": to_datetime(since)})
    rows = [dict(zip(result.column_names, row, strict=True)) for row in result.result_rows]
    return [
        msgspec.convert({**row, **{name: to_seconds(row[name]) for name in _TIMES}}, Overlay) for row in rows
    ]
