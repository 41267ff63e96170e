"""Roll-ups: exactly once, interim rows left out, the histogram within its error."""

from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.client import Client

from tests.warehouse.event_rows import insert_rows, row

LEVELS = ("requests_1s", "requests_1m", "requests_1h")
# Far ahead: rows of the past would expire at once (the 1 s level keeps two days).
NOON = datetime(2096, 3, 1, 12, tzinfo=UTC).timestamp()


def totals(client: Client, tenant: str, table: str) -> list[tuple[object, ...]]:
    query = f"""SELECT t, route, sum(requests), sum(errors_5xx), sum(errors_4xx), sum(refused),
        sum(upstream_errors), sum(bytes_out), sum(duration_sum_us), sum(upstream_sum_us),
        sumMap(duration_hist), sumMap(upstream_hist)
        FROM {table} WHERE tenant = {{tenant:String}} GROUP BY t, route ORDER BY t, route"""
    return [tuple(found) for found in client.query(query, parameters={"tenant": tenant}).result_rows]


def test_the_same_token_twice_leaves_raw_and_every_level_unchanged(
    warehouse_client: Client, tenant: str
) -> None:
    rows = [row(tenant, seq, ended_at=NOON + seq * 0.4, route=f"r{seq % 3}") for seq in range(1, 401)]
    insert_rows(warehouse_client, rows, token=f"{tenant}-1")
    before = {level: totals(warehouse_client, tenant, level) for level in LEVELS}
    for _ in range(3):
        insert_rows(warehouse_client, rows, token=f"{tenant}-1")
    count = "SELECT count(), uniqExact(seq) FROM requests WHERE tenant = {tenant:String}"
    assert warehouse_client.query(count, parameters={"tenant": tenant}).result_rows == [(400, 400)]
    assert {level: totals(warehouse_client, tenant, level) for level in LEVELS} == before
    assert [sum(int(str(found[2])) for found in before[level]) for level in LEVELS] == [400, 400, 400]


def test_two_batches_with_equal_rows_and_different_tokens_both_count(
    warehouse_client: Client, tenant: str
) -> None:
    rows = [row(tenant, 1, ended_at=NOON)]
    insert_rows(warehouse_client, rows, token=f"{tenant}-1")
    insert_rows(warehouse_client, rows, token=f"{tenant}-2")
    assert [totals(warehouse_client, tenant, level)[0][2] for level in LEVELS] == [2, 2, 2]


def test_a_retry_reaches_the_views_that_a_crash_kept_the_batch_from(fresh_database: Client) -> None:
    rows = [row("t", seq, ended_at=NOON) for seq in range(1, 11)]
    definition = fresh_database.query("SHOW CREATE TABLE requests_1m_view").result_rows[0][0]
    fresh_database.command("DROP TABLE requests_1m_view")
    insert_rows(fresh_database, rows, token="t-1")
    fresh_database.command(str(definition))
    insert_rows(fresh_database, rows, token="t-1")
    assert [totals(fresh_database, "t", level)[0][2] for level in LEVELS] == [10, 10, 10]


def test_interim_rows_do_not_count(warehouse_client: Client, tenant: str) -> None:
    rows = [row(tenant, 1, ended_at=NOON, interim=1), row(tenant, 1, ended_at=NOON + 20)]
    insert_rows(warehouse_client, rows, token=f"{tenant}-1")
    counted = [sum(int(str(found[2])) for found in totals(warehouse_client, tenant, one)) for one in LEVELS]
    assert counted == [1, 1, 1]


def test_the_levels_count_errors_refusals_and_upstream_failures(
    warehouse_client: Client, tenant: str
) -> None:
    rows = [
        row(tenant, 1, ended_at=NOON, status=200, bytes_out=100, duration_us=1000, upstream_us=900),
        row(tenant, 2, ended_at=NOON, status=502, outcome="upstream_reset", duration_us=1000, upstream_us=0),
        row(
            tenant,
            3,
            ended_at=NOON,
            status=429,
            outcome="refused",
            decision="refused",
            duration_us=10,
            upstream_us=0,
        ),
    ]
    insert_rows(warehouse_client, rows, token=f"{tenant}-1")
    for level in LEVELS:
        moment, *counts = totals(warehouse_client, tenant, level)[0]
        assert isinstance(moment, datetime)
        assert moment.replace(tzinfo=UTC).timestamp() == NOON
        assert counts == ["orders", 3, 1, 1, 1, 1, 100, 2010, 900, {26: 1, 79: 2}, {78: 1}]


@pytest.mark.parametrize("duration_us", [0, 1, 2, 3, 10, 999, 1_000_000, 2**31, 2**40])
def test_a_bucket_holds_its_latency_within_its_error(
    warehouse_client: Client, tenant: str, duration_us: int
) -> None:
    insert_rows(
        warehouse_client, [row(tenant, 1, ended_at=NOON, duration_us=duration_us)], token=f"{tenant}-1"
    )
    histogram = totals(warehouse_client, tenant, "requests_1h")[0][10]
    assert isinstance(histogram, dict)
    (bucket,) = histogram
    middle = 2 ** ((bucket + 0.5) / 8)
    if 12 <= duration_us < 2**31:  # below, buckets are narrower than a microsecond; above is the last one
        assert abs(middle / duration_us - 1) <= 0.0443
    assert 0 <= bucket <= 255
