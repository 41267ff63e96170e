"""Rows for the raw table: a plain request, with what a test says otherwise."""

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from kernel.events import COLUMNS, NAMES, TYPES, EventRow

_TEXT: dict[str, str] = {
    "worker": "w1",
    "route": "orders",
    "method": "GET",
    "path": "/orders/{id}",
    "protocol": "1.1",
    "outcome": "completed",
    "decision": "allowed",
    "identity": "ip:10.0.0.1",
    "identity_kind": "address",
    "client_ip": "::ffff:10.0.0.1",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
}
_NUMBERS: dict[str, int] = {"boot": 1, "status": 200, "duration_us": 1500, "upstream_us": 1200}


def row(tenant: str, seq: int, *, ended_at: float, **changed: object) -> EventRow:
    """One event; `ended_at` in seconds since 1970."""
    micros = round(ended_at * 1e6)
    fixed = {"tenant": tenant, "seq": seq, "ended_at": micros, "started_at": micros - 1500}
    values: dict[str, object] = {**_TEXT, **_NUMBERS, **fixed, **changed}
    return tuple(values.get(column.name, _empty(column.type)) for column in COLUMNS)


def insert_rows(client: Client, rows: Sequence[EventRow], *, token: str, table: str = "requests") -> None:
    """One batch, as the writer sends it."""
    client.insert(
        table,
        [list(column) for column in zip(*rows, strict=True)],
        column_names=NAMES,
        column_type_names=TYPES,
        column_oriented=True,
        settings={"insert_deduplication_token": token},
    )


def _empty(kind: str) -> object:
    if kind.startswith("Array"):
        return []
    return "" if "String" in kind else 0
