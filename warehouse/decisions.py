"""Finds the row of a decision id, the name that a client sees for its request: WORKER-BOOT-SEQ."""

import re

import msgspec
from clickhouse_connect.driver.client import Client

from warehouse.queries import load

# A worker's name may hold dashes itself. 16 hexadecimal digits are a UInt64; a boot is a time, so positive.
_ID = re.compile(
    r"(?:urn:tidegate:decision:)?(?P<worker>.+)-(?P<boot>[0-9a-f]{1,15})-(?P<seq>[0-9a-f]{1,16})",
    re.IGNORECASE,
)


class DecisionId(msgspec.Struct, frozen=True):
    """`boot`: start of the worker's process, microseconds since 1970; `seq` counts its requests."""

    worker: str
    boot: int
    seq: int


class Decision(msgspec.Struct, frozen=True):
    """One row of `requests`, see kernel.events.COLUMNS. Times are seconds since 1970, UTC."""

    tenant: str
    worker: str
    boot: int
    seq: int
    interim: int
    started_at: float
    ended_at: float
    route: str
    method: str
    host: str
    path: str
    status: int
    outcome: str
    decision: str
    rule: str
    reason: str
    would_refuse: tuple[str, ...]
    revision: str
    overlay: str
    limit: str
    limit_remaining: int
    identity: str
    consumer: str
    plan: str
    client_ip: str
    upstream: str
    retries: int
    duration_us: int
    upstream_us: int
    ttfb_us: int
    head_us: int
    body_us: int
    bytes_in: int
    bytes_out: int
    trace_id: str


def parse_decision_id(text: str) -> DecisionId | None:
    """The parts of an id or its URN (`instance` of a problem document), None where it is none."""
    found = _ID.fullmatch(text.strip())
    return DecisionId(found["worker"], int(found["boot"], 16), int(found["seq"], 16)) if found else None


def read_decision(client: Client, tenant: str, wanted: DecisionId) -> Decision | None:
    """The row, None where there is none (yet). Raises clickhouse_connect's errors."""
    parameters = {"tenant": tenant, **msgspec.structs.asdict(wanted)}
    rows = client.query(load("decision"), parameters=parameters).result_rows
    if not rows:
        return None
    return msgspec.convert(dict(zip(Decision.__struct_fields__, rows[0], strict=True)), Decision)
