from clickhouse_connect.driver.client import Client

from warehouse.progress import keep_progress, read_progress


def test_what_was_never_judged_has_no_progress(warehouse_client: Client, tenant: str) -> None:
    assert read_progress(warehouse_client, tenant) is None


def test_the_last_note_stands_for_its_tenant(warehouse_client: Client, tenant: str) -> None:
    for judged in (1_790_000_000, 1_790_000_010):
        keep_progress(warehouse_client, tenant, judged)
    keep_progress(warehouse_client, tenant + "b", 1_790_000_500)
    assert read_progress(warehouse_client, tenant) == 1_790_000_010
