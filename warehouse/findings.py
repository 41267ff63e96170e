"""Writes and reads findings. Writing one again replaces it: the newest version of an id stands."""

from collections.abc import Sequence

import msgspec
from clickhouse_connect.driver.client import Client

from kernel.findings import Finding, Observation
from warehouse.moments import to_datetime, to_seconds
from warehouse.queries import load

_FIELDS = Finding.__struct_fields__
_TIMES = frozenset({"onset", "window_end", "found_at", "closed_at"})


def insert_findings(client: Client, findings: Sequence[Finding]) -> None:
    """Stores findings, new ones and new states of known ones. Raises clickhouse_connect's errors."""
    if findings:
        client.insert("findings", [_to_row(finding) for finding in findings], column_names=list(_FIELDS))


def read_findings(
    client: Client, tenant: str, *, since: float = 0.0, open_only: bool = False, limit: int = 1000
) -> list[Finding]:
    """A tenant's findings with an onset at or after `since` (seconds since 1970), newest onset first."""
    parameters = {
        "tenant": tenant,
        "since": to_datetime(since),
        "open_only": int(open_only),
        "limit": limit,
    }
    result = client.query(load("findings"), parameters=parameters)
    return [_to_finding(dict(zip(result.column_names, row, strict=True))) for row in result.result_rows]


def read_finding(client: Client, tenant: str, finding: str) -> Finding | None:
    """One by its id, however old; None where there is none."""
    result = client.query(load("finding"), parameters={"tenant": tenant, "finding": finding})
    found = [_to_finding(dict(zip(result.column_names, row, strict=True))) for row in result.result_rows]
    return found[0] if found else None


def _to_row(finding: Finding) -> list[object]:
    row: list[object] = []
    for field in _FIELDS:
        value = getattr(finding, field)
        if field in _TIMES:
            value = to_datetime(value)
        elif field == "evidence":
            value = msgspec.json.encode(value).decode()
        row.append(value)
    return row


def _to_finding(row: dict[str, object]) -> Finding:
    evidence = msgspec.json.decode(str(row["evidence"]), type=tuple[Observation, ...])
    times = {name: to_seconds(row[name]) for name in _TIMES}  # type: ignore[arg-type]  # datetimes by schema
    return msgspec.convert({**row, **times, "evidence": evidence}, Finding)
