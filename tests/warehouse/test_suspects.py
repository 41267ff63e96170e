import time

from clickhouse_connect.driver.client import Client

from kernel.findings import Finding, finding_id
from tests.analytics.traffic import Request, login, rows_of
from tests.warehouse.event_rows import insert_rows
from warehouse.suspects import Suspect, find_suspects, insert_suspects, read_suspects


def stuffing_finding(tenant: str, onset: float, *, kind: str = "credential-stuffing") -> Finding:
    """An open finding about the route `login`."""
    return Finding(
        id=finding_id(tenant, "D3", "login", onset),
        tenant=tenant,
        detector="D3",
        kind=kind,
        key="login",
        route="login",
        identity="",
        severity="critical",
        onset=onset,
        window_end=onset + 2,
        found_at=onset + 3,
        closed_at=0.0,
        score=20.0,
        confidence=0.8,
        summary="",
        evidence=(),
    )


def test_who_fails_with_many_users_or_does_nothing_else_is_accused(
    warehouse_client: Client, tenant: str
) -> None:
    start = int(time.time()) - 60
    requests = [
        *(login(at, "ip:10.0.0.1", f"u{at}", success=False) for at in (1.0, 2.0, 3.0)),  # many users
        login(1.5, "ip:10.0.0.2", "v", success=False),  # nothing but a failed login
        login(1.6, "ip:10.0.0.3", "w", success=False),  # mistyped once, and reads on
        Request(1.7, "ip:10.0.0.3", "orders", 200, 1_000, 10),
        login(2.0, "ip:10.0.0.4", "x", success=True),
        Request(2.0, "ip:10.0.0.5", "orders", 200, 1_000, 10),
        login(-30.0, "ip:10.0.0.6", "y", success=False),  # long before
    ]
    insert_rows(warehouse_client, rows_of(tenant, requests, start), token=tenant)
    finding = stuffing_finding(tenant, start + 1.0)
    found = find_suspects(warehouse_client, finding)
    assert [(each.identity, each.requests) for each in found] == [("ip:10.0.0.1", 3), ("ip:10.0.0.2", 1)]
    assert (found[0].since, found[0].until) == (start + 1.0, start + 3.0)
    insert_suspects(warehouse_client, tenant, found)
    insert_suspects(warehouse_client, tenant, found)
    assert read_suspects(warehouse_client, tenant, finding.id) == found


def test_a_finding_about_one_identity_accuses_nobody_else(warehouse_client: Client, tenant: str) -> None:
    assert find_suspects(warehouse_client, stuffing_finding(tenant, 1.0, kind="client-burst")) == []
    assert read_suspects(warehouse_client, tenant, "none") == []


def test_a_flood_accuses_newcomers_that_look_alike(warehouse_client: Client, tenant: str) -> None:
    start = int(time.time()) - 60
    requests = [
        *(Request(at, f"ip:10.0.0.{at % 4}", "login", 200, 1_000, 10, agent=77) for at in range(12)),
        Request(-30.0, "ip:10.0.0.3", "orders", 200, 1_000, 10, agent=77),  # known before
        Request(3.0, "ip:10.0.0.8", "login", 200, 1_000, 10, agent=5),  # new, but another kind of client
        Request(3.0, "ip:10.0.0.9", "orders", 200, 1_000, 10, agent=77),  # elsewhere
    ]
    insert_rows(warehouse_client, rows_of(tenant, requests, start), token=tenant)
    finding = stuffing_finding(tenant, float(start), kind="flood")
    found = find_suspects(warehouse_client, finding)
    assert [(each.identity, each.requests) for each in found] == [(f"ip:10.0.0.{at}", 3) for at in range(3)]


def test_suspects_are_kept_for_a_month(warehouse_client: Client, tenant: str) -> None:
    """A finding may accuse 100,000."""
    now = time.time()
    days = [Suspect("f", f"ip:{days}", now - 90 * 86_400, now - days * 86_400, 1) for days in (29, 31)]
    insert_suspects(warehouse_client, tenant, days)
    warehouse_client.command("OPTIMIZE TABLE suspects FINAL")
    assert [each.identity for each in read_suspects(warehouse_client, tenant, "f")] == ["ip:29"]
