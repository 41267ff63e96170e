"""The overlays that a warehouse holds."""

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.findings import Overlay
from warehouse.moments import to_seconds

QUESTION = "SELECT * FROM overlays FINAL WHERE tenant = {tenant:String} ORDER BY created_at"


def overlays_there(client: Client, tenant: str) -> list[Overlay]:
    """A tenant's overlays as the table has them, oldest first."""
    result = client.query(QUESTION, parameters={"tenant": tenant})
    found = []
    for row in result.result_rows:
        fields = dict(zip(result.column_names, row, strict=True))
        times = {name: to_seconds(fields[name]) for name in ("created_at", "expires_at")}
        found.append(msgspec.convert({**fields, **times}, Overlay))
    return found
