"""How far analytics has judged a tenant: the second from which a restart goes on."""

from clickhouse_connect.driver.client import Client

from warehouse.moments import to_datetime
from warehouse.queries import load


def keep_progress(client: Client, tenant: str, judged: int) -> None:
    """Note the first second that is not judged yet. Raises clickhouse_connect's errors."""
    client.insert(
        "progress",
        [[tenant, to_datetime(judged)]],
        column_names=["tenant", "judged"],
        column_type_names=["LowCardinality(String)", "DateTime('UTC')"],
    )


def read_progress(client: Client, tenant: str) -> int | None:
    """What was noted last, in seconds since 1970; None where nothing was ever judged."""
    rows = client.query(load("progress"), parameters={"tenant": tenant}).result_rows
    return int(rows[0][0]) if rows else None
