"""Rows whose truth the panels must show: ten minutes of two routes, findings, a limit, ledgers."""

import time

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
