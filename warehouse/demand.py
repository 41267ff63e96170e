"""What analytics saw asked for, ten minutes at a time: kept for the same hour of the weeks to come."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from clickhouse_connect.driver.client import Client

from warehouse.moments import to_datetime
from warehouse.queries import load

_NAMES: Final = ("tenant", "scope", "since", "identities", "fitted", "greatest", "together")
_TYPES: Final = (
    *("LowCardinality(String)", "LowCardinality(String)", "DateTime('UTC')", "UInt64"),
    *("Array(Float64)", "Array(Float64)", "Array(UInt64)"),
)


class DemandRow(NamedTuple):
    """Ten minutes of a scope from `since` on (seconds since 1970); requests per span, as in the table."""

    scope: str
    since: int
    identities: int
    fitted: tuple[float, ...]
    greatest: tuple[float, ...]
    together: tuple[int, ...]


def insert_demand(client: Client, tenant: str, rows: Sequence[DemandRow]) -> None:
    """Stores rows; those of the same scope and time are replaced. Raises clickhouse_connect's errors."""
    if rows:
        client.insert(
            "demand",
            [[tenant, row.scope, to_datetime(row.since), *row[2:]] for row in rows],
            column_names=list(_NAMES),
            column_type_names=list(_TYPES),
        )


def read_demand(client: Client, tenant: str, hours: Sequence[int]) -> list[DemandRow]:
    """The rows of some hours, each told by its first second, by time."""
    asked = {"tenant": tenant, "hours": list(hours)}
    return [
        DemandRow(scope, since, identities, tuple(fitted), tuple(greatest), tuple(together))
        for scope, since, identities, fitted, greatest, together in client.query(
            load("demand"), parameters=asked
        ).result_rows
    ]
