from clickhouse_connect.driver.client import Client

from analytics.once import analyse
from tests.analytics.seeing import run
from tests.analytics.traffic import START, failing, greedy, quiet, rows_of
from tests.warehouse.event_rows import insert_rows
from warehouse.readers_analytics import WindowReader


def test_a_log_is_judged_as_the_loop_would_have(warehouse_client: Client, tenant: str) -> None:
    requests = failing(sorted([*quiet(seconds=100), *greedy(40.0, 48.0)]), 70.0, 80.0)
    insert_rows(warehouse_client, rows_of(tenant, requests, START), token=tenant, table="imports")
    shares: list[float] = []
    reader = WindowReader(warehouse_client, tenant, table="imports")
    looked = analyse(reader, tenant, lambda done, of: shares.append(done / of))
    expected = run(requests, tenant=tenant)
    assert looked.rows == len(requests)
    assert shares[-1] == 1.0
    assert [(each.kind, each.key, each.onset) for each in looked.findings] == [
        (each.kind, each.key, each.onset) for each in expected
    ]
    assert all(each.found_at == each.window_end for each in looked.findings)


def test_an_empty_table_is_said_to_be_empty(warehouse_client: Client, tenant: str) -> None:
    looked = analyse(WindowReader(warehouse_client, tenant, table="imports"), tenant, lambda *_: None)
    assert (looked.rows, looked.findings) == (0, ())
