"""Rows whose truth the panels must show: ten minutes of two routes, findings, a limit, ledgers."""

import time
from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from dashboards.expansion import TimeRange
from kernel.events import EventRow
from kernel.findings import Finding, Observation, Overlay
from tests.warehouse.event_rows import insert_rows, row
from warehouse.findings import insert_findings
from warehouse.moments import to_datetime
from warehouse.overlays import insert_overlays
from warehouse.progress import keep_progress

TENANT = "boards"
ORDERS, LOGIN = 600, 60  # requests: one each second, one each ten
REFUSED, FAILED = 30, 6
SLOW_US = 64_000
OFFERED, DROPPED = 590, 5  # by both workers together, after their first rows


def recent() -> TimeRange:
    """The ten full minutes before this one: rows older than a week would be gone at once."""
    until = time.time() // 60 * 60
    return TimeRange(until - 600, until, points=600)


def seed(client: Client, tenant: str, span: TimeRange) -> None:
    """Orders: one a second, every 20th refused, every 100th failed. Login: slow, one each ten seconds."""
    rows = [order(tenant, number, span.since + number + 0.5) for number in range(ORDERS)]
    rows += [
        row(
            tenant,
            10_000 + number,
            ended_at=span.since + number * 10 + 0.25,
            route="login",
            identity="consumer:shop",
            duration_us=SLOW_US,
            revision="b" * 16,
            would_refuse=["strict"],
        )
        for number in range(LOGIN)
    ]
    insert_rows(client, rows, token=f"seed-{tenant}")
    insert_findings(client, findings(tenant, span))
    insert_overlays(client, [overlay(tenant, span)])
    insert_ledger(client, tenant, span)
    insert_decisions(client, tenant, span)
    insert_deliveries(client, tenant, span)
    keep_progress(client, tenant, int(span.until) - 5)


def order(tenant: str, number: int, ended_at: float) -> EventRow:
    """One request of `orders`."""
    changed: dict[str, object] = {"revision": "a" * 16, "bytes_out": 100}
    if number % 20 == 0:
        changed |= {"status": 429, "decision": "refused", "rule": "plan", "reason": "limit"}
    elif number % 100 == 1:
        changed |= {"status": 502, "outcome": "upstream_reset"}
    return row(tenant, number + 1, ended_at=ended_at, **changed)


def findings(tenant: str, span: TimeRange) -> list[Finding]:
    """One open on orders, one closed on login, found 4 s after their onset."""
    return [
        Finding(
            id=f"{tenant}-{number}",
            tenant=tenant,
            detector=detector,
            kind=kind,
            key="key",
            route=route,
            identity="ip:10.0.0.1",
            severity="critical",
            onset=span.since + 100,
            window_end=span.since + 103,
            found_at=span.since + 104,
            closed_at=span.since + 200 if number else 0,
            score=9.5,
            confidence=0.99,
            summary="too many requests",
            evidence=(Observation("requests", 20, 2, "1/s"),),
        )
        for number, (detector, kind, route) in enumerate(
            [("D1", "client-burst", "orders"), ("D3", "credential-stuffing", "login")]
        )
    ]


def overlay(tenant: str, span: TimeRange) -> Overlay:
    """A limit for one identity."""
    return Overlay(
        id=f"{tenant}-o",
        tenant=tenant,
        limit="plan",
        identity="ip:10.0.0.1",
        rate=2.0,
        burst=4,
        reason="client burst",
        finding=f"{tenant}-0",
        created_at=span.since + 110,
        expires_at=span.since + 410,
    )


def insert_ledger(client: Client, tenant: str, span: TimeRange) -> None:
    """Two workers, a row each ten seconds; the first one drops five events half-way."""
    names = ["tenant", "worker", "boot", "through", "written_at", "offered", "stored", "spooled", "dropped"]
    names += ["buffered", "open_requests", "slow_clients"]
    rows: list[list[object]] = [
        [
            tenant,
            worker,
            1,
            to_datetime(span.since + tick * 10),
            to_datetime(span.since + tick * 10),
            tick * 5,
            tick * 5 - 2 if tick else 0,
            0,
            DROPPED if worker == "w1" and tick > 30 else 0,
            2 if tick else 0,
            3,
            [],
        ]
        for worker in ("w1", "w2")
        for tick in range(60)
    ]
    client.insert("ledger", rows, column_names=names)


def insert_decisions(client: Client, tenant: str, span: TimeRange) -> None:
    """An open recommendation and an approved one with harm within its bound; a revision, a marker, labels."""
    made = to_datetime(span.since + 120)
    common = {
        "tenant": tenant,
        "kind": "limit-client",
        "detector": "D1",
        "route": "orders",
        "confidence": 0.9,
    }
    times = {"created_at": made, "changed_at": made, "expires_at": to_datetime(span.until + 3600)}
    approved = {"mode": "enforce", "revision": "b" * 16, "n_realised": 400, "harm_realised": 0.0025}
    counts = {"n_promised": 500, "harm_promised": 0.01, "legitimate_refused": 1, "attack_refused": 90}
    one = {"id": f"{tenant}-r0", "title": "Limit orders", "state": "open"}
    other = {"id": f"{tenant}-r1", "title": "Limit login", "state": "approved"}
    insert(client, "recommendations", [common | times | counts | one])
    insert(client, "recommendations", [common | times | counts | other | approved])
    kept = {"recommendation": f"{tenant}-r1", "decided_at": made, "title": "Limit login", **approved}
    insert(
        client, "approvals", [{"tenant": tenant, "kind": "limit-client", "route": "orders"} | counts | kept]
    )
    change = {"tenant": tenant, "revision": "b" * 16, "number": 2, "author": "ana", "reason": "stuffing"}
    insert(client, "revisions", [change | {"created_at": made}])
    insert(
        client, "markers", [{"tenant": tenant, "at": made, "kind": "deploy", "text": "v2", "author": "ana"}]
    )
    said = {"tenant": tenant, "author": "ana", "reason": "seen", "created_at": made}
    for number, label in enumerate(("attack", "legitimate")):
        insert(client, "labels", [said | {"finding": f"{tenant}-{number}", "label": label}])
    seen = {"tenant": tenant, "name": "w1", "revision": "b" * 16, "seen_at": to_datetime(span.until - 3)}
    insert(client, "proxies", [seen])


def insert_deliveries(client: Client, tenant: str, span: TimeRange) -> None:
    """An alert fired and resolved, told to one sink; the other one was given up once and is still tried."""
    fired, over = to_datetime(span.since + 105), to_datetime(span.since + 205)
    common: dict[str, object] = {"tenant": tenant, "alert": "a1", "name": "client-burst"}
    common |= {"severity": "critical"}
    common |= {"summary": "too many requests", "labels": {"route": "orders"}, "starts_at": fired}
    got = {"delivered": 1, "tried": 1, "failure": ""}
    failed = {"delivered": 0, "tried": 5, "failure": "HTTP 503"}
    for sink, settled, came in (("pager", 1.5, got), ("chat", 30.0, failed)):
        times = {
            "at": fired,
            "settled_at": to_datetime(span.since + 105 + settled),
            "ends_at": to_datetime(0),
        }
        insert(client, "deliveries", [common | {"sink": sink, "state": "firing"} | times | came])
    waits = {"sink": "chat", "state": "resolved", "delivered": 0, "tried": 1, "failure": "HTTP 503"}
    times = {"at": over, "settled_at": to_datetime(0), "ends_at": over}
    insert(client, "deliveries", [common | waits | times])


def insert(client: Client, table: str, rows: Sequence[dict[str, object]]) -> None:
    """Rows of equal columns; what they leave out is the table's default."""
    client.insert(table, [list(row.values()) for row in rows], column_names=list(rows[0]))
