import time

from clickhouse_connect.driver.client import Client

from warehouse.demand import DemandRow, insert_demand, read_demand

HOUR = int(time.time()) // 3_600 * 3_600 - 604_800


def note(since: int, *, scope: str = "*", identities: int = 7) -> DemandRow:
    return DemandRow(scope, since, identities, (1.5, 2.5, 3.5), (1.0, 2.0, 3.0), (4, 5, 6))


def test_the_hours_that_are_asked_for_come_back_by_time(warehouse_client: Client, tenant: str) -> None:
    within = [note(HOUR - 604_800 + 600), note(HOUR), note(HOUR + 3_000), note(HOUR + 3_000, scope="limit:a")]
    outside = [note(HOUR - 600), note(HOUR + 3_600)]
    insert_demand(warehouse_client, tenant, [*reversed(within), *outside])
    insert_demand(warehouse_client, tenant + "b", [note(HOUR + 1_200)])
    assert read_demand(warehouse_client, tenant, [HOUR, HOUR - 604_800]) == within


def test_ten_minutes_that_are_noted_again_are_replaced(warehouse_client: Client, tenant: str) -> None:
    for identities in (7, 9):
        insert_demand(warehouse_client, tenant, [note(HOUR, identities=identities)])
    insert_demand(warehouse_client, tenant, [])
    assert [row.identities for row in read_demand(warehouse_client, tenant, [HOUR])] == [9]
