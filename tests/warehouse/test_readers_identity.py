"""One identity's requests, told apart by their end."""

from clickhouse_connect.driver.client import Client

from tests.warehouse.event_rows import insert_rows, row
from warehouse.readers_identity import IdentityReader, Whose

AT = 1_800_000_000.0
GREEDY = "ip:10.0.0.9"


def seed(client: Client, tenant: str) -> None:
    """Eleven of the greedy client in two steps of a minute, one of somebody else."""
    quick: list[dict[str, object]] = [{"duration_us": 1_000 * number} for number in range(1, 6)]
    told: list[dict[str, object]] = [
        *quick,
        {"status": 429, "decision": "refused", "rule": "plan", "reason": "quota-exceeded"},
        {"status": 404, "would_refuse": ["strict"]},
        {"status": 502, "route": "login"},
        {"status": 404, "route": "", "decision": "refused", "reason": "no-route", "outcome": "no_route"},
    ]
    rows = [row(tenant, seq, ended_at=AT + seq, identity=GREEDY, **each) for seq, each in enumerate(told, 1)]
    rows.append(row(tenant, 20, ended_at=AT + 70, identity=GREEDY, duration_us=7_000))
    rows.append(row(tenant, 21, ended_at=AT + 5, identity="ip:10.0.0.1"))
    rows.append(row(tenant, 22, ended_at=AT + 5, identity=GREEDY, interim=1))
    insert_rows(client, rows, token=f"identity-{tenant}")


def test_a_course_counts_by_end_and_its_quantiles_are_exact(warehouse_client: Client, tenant: str) -> None:
    seed(warehouse_client, tenant)
    reader = IdentityReader(warehouse_client, tenant)
    found = reader.course(Whose(GREEDY, AT, AT + 120), step_s=60)
    assert list(found.began) == [AT, AT + 60]
    assert [list(each) for each in (found.success, found.refused)] == [[5, 1], [1, 0]]
    assert [list(each) for each in (found.client_errors, found.server_errors)] == [[1, 0], [1, 0]]
    assert list(found.not_routed) == [1, 0]
    assert list(found.quantiles_us[1]) == [7_000, 7_000, 7_000]
    orders = reader.course(Whose(GREEDY, AT, AT + 60, "orders"), step_s=60)
    assert list(orders.server_errors) == [0]


def test_fates_name_the_rule_and_the_reason(warehouse_client: Client, tenant: str) -> None:
    seed(warehouse_client, tenant)
    found = IdentityReader(warehouse_client, tenant).fates(Whose(GREEDY, AT, AT + 120))
    rows = list(zip(found.route, found.decision, found.reason, found.rule, found.requests, strict=True))
    assert rows == [
        ("orders", "allowed", "", "", 7),
        ("", "refused", "no-route", "", 1),
        ("login", "allowed", "", "", 1),
        ("orders", "refused", "quota-exceeded", "plan", 1),
    ]
    assert (list(found.errors), list(found.refused_by_shadows)) == ([1, 0, 1, 0], [1, 0, 0, 0])


def test_of_nobody_there_is_nothing(warehouse_client: Client, tenant: str) -> None:
    reader = IdentityReader(warehouse_client, tenant)
    assert list(reader.course(Whose("ip:10.9.9.9", AT, AT + 1), step_s=1).began) == []
    assert list(reader.fates(Whose("ip:10.9.9.9", AT, AT + 1)).requests) == []
