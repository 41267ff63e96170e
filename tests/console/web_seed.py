"""A shop under attack, for the pages' tests: five minutes of traffic, a client burst and its overlay."""

import httpx2
import msgspec
from clickhouse_connect.driver.client import Client

from kernel.events import EventRow, LedgerRow
from kernel.findings import Finding, Observation, Overlay, finding_id
from tests.warehouse.event_rows import insert_rows, row
from warehouse.delivery import insert_ledger
from warehouse.findings import insert_findings
from warehouse.moments import to_datetime

ATTACKER = "ip:203.0.113.66"
ROUTES = ("catalogue", "checkout", "login", "search")
SEEN_S = 300
POLICY = """\
upstreams:
  - name: shop
    url: http://127.0.0.1:9000
routes:
  - name: catalogue
    path: /catalogue/*
    upstream: shop
  - name: login
    path: /login
    upstream: shop
limits:
  - name: fair
    rate: 10/s
    burst: 20
    adaptive: {floor: 2/s, ceiling: 50/s}
"""


def policy_of(tenant: str) -> str:
    """The shop's policy for a tenant of a test alone."""
    return f"tenant: {tenant}\n{POLICY}"


def burst(tenant: str, now: float) -> Finding:
    """The attack that goes on, with markup in its words."""
    onset = float(int(now)) - 90
    return Finding(
        id=finding_id(tenant, "D1", ATTACKER, onset),
        tenant=tenant,
        detector="D1",
        kind="client-burst",
        key=ATTACKER,
        route="login",
        identity=ATTACKER,
        severity="critical",
        onset=onset,
        window_end=onset + 3,
        found_at=onset + 4.2,
        closed_at=0.0,
        score=14.2,
        confidence=0.98,
        summary="203.0.113.66 sends 40 requests/s to <login>, 20 times as many as the busiest of its peers",
        evidence=(
            Observation("requests of this identity", 40.0, 2.0, "requests/s"),
            Observation("its share of the route", 80.0, 5.0, "%"),
        ),
    )


def answer(tenant: str, now: float, *, finding: str) -> Overlay:
    """What analytics set against it."""
    return Overlay(
        "fair/attacker", tenant, "fair", ATTACKER, 2.0, 4, "client burst on login", finding, now, now + 600
    )


def seed(client: Client, tenant: str, now: float) -> Finding:
    """Store it all; the open finding."""
    rows: list[EventRow] = []
    for second in range(SEEN_S):
        ended_at = float(int(now)) - SEEN_S + second
        for number, route in enumerate(ROUTES * 2):
            status = 500 if (second + number) % 97 == 0 else 404 if (second + number) % 41 == 0 else 200
            slow_us = 1500 + 400 * number + (second * 37) % 900
            changed = {"route": route, "status": status, "duration_us": slow_us}
            rows.append(row(tenant, len(rows) + 1, ended_at=ended_at, **changed))
        if second >= SEEN_S - 90:
            attack = {"route": "login", "status": 429, "decision": "refused", "identity": ATTACKER}
            rows += [
                row(tenant, len(rows) + 1 + each, ended_at=ended_at + each / 50, **attack)
                for each in range(40)
            ]
    insert_rows(client, rows, token=f"{tenant}-{now}")
    found = burst(tenant, now)
    over = msgspec.structs.replace(
        found, id="0ld", kind="error-burst", route="checkout", identity="", key="checkout", severity="warning"
    )
    over = msgspec.structs.replace(
        over, onset=now - 2_000, found_at=now - 1_990, closed_at=now - 1_500, summary="errors of checkout"
    )
    insert_findings(client, [found, over])
    told = int(now) * 1_000_000
    insert_ledger(
        client,
        [
            LedgerRow(
                tenant,
                "w1",
                1,
                told - 800_000,
                told,
                len(rows),
                len(rows) - 3,
                0,
                0,
                3,
                2,
                ("10.0.0.1 128 0",),
            )
        ],
    )
    return found


def tell(client: Client, tenant: str, now: float, *, finding: str) -> None:
    """An alert of the attack, which one of two sinks never got; and one that is over."""
    common = {"tenant": tenant, "tried": 1, "delivered": 1, "failure": "", "ends_at": to_datetime(0)}
    fires = common | {
        "alert": "a-burst",
        "name": "client-burst",
        "state": "firing",
        "severity": "critical",
        "summary": "203.0.113.66 sends 40 requests/s to <login>",
        "labels": {"route": "login"},
        "starts_at": to_datetime(now - 85),
        "at": to_datetime(now - 84),
        "settled_at": to_datetime(now - 83.9),
        "content": f'{{"findings": ["{finding}"], "evidence": "203.0.113.66"}}',
    }
    failed = {"sink": "chat", "tried": 6, "delivered": 0, "failure": "HTTP 503: the service is away"}
    lost = fires | {
        "alert": "a-lost",
        "name": "telemetry-lost",
        "severity": "warning",
        "summary": "workers dropped 120 events",
        "labels": {},
        "starts_at": to_datetime(now - 900),
        "at": to_datetime(now - 890),
        "settled_at": to_datetime(now - 889.9),
        "content": "{}",
    }
    over = {
        "state": "resolved",
        "ends_at": to_datetime(now - 600),
        "at": to_datetime(now - 600),
        "settled_at": to_datetime(now - 599),
    }
    rows = [
        fires | {"sink": "pager"},
        fires | failed | {"settled_at": to_datetime(now - 20)},
        lost | {"sink": "pager"},
        lost | {"sink": "pager"} | over,
    ]
    for each in rows:
        client.insert("deliveries", [list(each.values())], column_names=list(each))


def attack(control: httpx2.Client, tenant: str, now: float, *, finding: str) -> None:
    """Analytics answers the attack, and two proxies follow."""
    lease = {"tenant": tenant, "holder": "analytics-1", "ttl_s": 300}
    assert control.post("/v1/lease", json=lease).status_code == 200
    overlays = [msgspec.to_builtins(answer(tenant, now, finding=finding))]
    body = {"tenant": tenant, "holder": "analytics-1", "overlays": overlays}
    assert control.put("/v1/overlays", json=body).status_code == 200
    follow(control, tenant)


def follow(control: httpx2.Client, tenant: str) -> None:
    """Two proxies ask, and say that they run what is in force."""
    revision = control.get("/v1/policy").json()["revision"]
    for proxy in ("proxy-1", "proxy-2"):
        query = {"tenant": tenant, "proxy": proxy, "revision": revision, "timeout_s": "0"}
        assert control.get("/v1/follow", params=query).status_code == 200
