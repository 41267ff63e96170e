"""The history of overlays in the warehouse, for joins with `requests.overlay`; the truth is the console's."""

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from kernel.findings import Overlay
from warehouse.findings import to_datetime

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
