"""What readers tell of rows that were stored, by the real engine."""

import time

from clickhouse_connect.driver.client import Client

from kernel.events import LedgerRow
from tests.warehouse.event_rows import insert_rows, row
from warehouse.delivery import insert_ledger
from warehouse.ledger import CLOSED
from warehouse.queries import load
from warehouse.readers import HEARD_S, LEDGER_S, Reader, Watermark

# A full minute an hour ago: the tables forget what is older than a week.
NOON = float(int(time.time()) // 60 * 60 - 3600)
NOON_US = round(NOON * 1e6)
SECOND = 1_000_000


def entry(tenant: str, worker: str, *, at: float, **changed: object) -> LedgerRow:
    """A ledger row written `at` seconds after NOON, through half a second before."""
    plain = LedgerRow(tenant, worker, 1, NOON_US + round((at - 0.5) * SECOND), NOON_US + round(at * SECOND),
                      100, 100, 0, 0, 0, 0, ())  # fmt: skip
    return plain._replace(**changed)  # type: ignore[arg-type]  # a test's own words


def watermark_of(client: Client, tenant: str, entries: list[LedgerRow], *, now: float = 10.0) -> Watermark:
    insert_ledger(client, entries)
    return Reader(client, tenant).watermark(NOON + now)


def test_no_worker_means_no_watermark(warehouse_client: Client, tenant: str) -> None:
    assert Reader(warehouse_client, tenant).watermark(NOON).through is None


def test_the_slowest_of_the_workers_holds_the_watermark(warehouse_client: Client, tenant: str) -> None:
    entries = [entry(tenant, "w1", at=at) for at in (7.0, 8.0, 9.0)] + [entry(tenant, "w2", at=8.2)]
    mark = watermark_of(warehouse_client, tenant, entries)
    assert mark.through == NOON + 7.7
    assert mark.workers == ("w1", "w2")
    assert mark.heard_at == NOON + 9.0


def test_a_worker_that_fell_silent_is_not_waited_for(warehouse_client: Client, tenant: str) -> None:
    entries = [entry(tenant, "w1", at=9.0), entry(tenant, "w2", at=8.9 - HEARD_S)]
    mark = watermark_of(warehouse_client, tenant, entries)
    assert (mark.through, mark.workers) == (NOON + 8.5, ("w1",))


def test_a_worker_that_ended_holds_nothing_back(warehouse_client: Client, tenant: str) -> None:
    entries = [
        entry(tenant, "w1", at=9.0),
        entry(tenant, "w2", at=7.0),
        entry(tenant, "w2", at=8.0, through=CLOSED, spooled=3),
    ]
    mark = watermark_of(warehouse_client, tenant, entries)
    assert (mark.through, mark.workers, mark.spooled) == (NOON + 8.5, ("w1",), 3)


def test_when_all_have_ended_the_watermark_is_their_last_word(warehouse_client: Client, tenant: str) -> None:
    mark = watermark_of(warehouse_client, tenant, [entry(tenant, "w1", at=9.0, through=CLOSED)])
    assert (mark.through, mark.workers) == (NOON + 9.0, ())


def test_the_words_of_long_ago_and_of_other_tenants_do_not_count(
    warehouse_client: Client, tenant: str
) -> None:
    entries = [entry(tenant, "w1", at=0), entry(f"{tenant}x", "w2", at=9.0)]
    mark = watermark_of(warehouse_client, tenant, entries, now=LEDGER_S + 1)
    assert mark.through is None


def test_the_share_of_lost_events_is_told(warehouse_client: Client, tenant: str) -> None:
    old_boot = NOON_US - 3600 * SECOND
    entries = [
        entry(tenant, "w1", at=1.0, boot=old_boot, offered=1_000, dropped=500),
        entry(tenant, "w1", at=9.0, boot=old_boot, offered=1_100, dropped=510),
        entry(tenant, "w2", at=9.0, boot=NOON_US, offered=100, dropped=10, slow_clients=("10.0.0.9",)),
    ]
    mark = watermark_of(warehouse_client, tenant, entries)
    assert mark.loss == 0.1
    assert mark.slow_clients == ("10.0.0.9",)
    loss = Reader(warehouse_client, tenant).loss(NOON, NOON + 10)
    assert (loss.offered, loss.dropped, loss.share) == (200, 20, 0.1)


def test_nothing_offered_is_nothing_lost(warehouse_client: Client, tenant: str) -> None:
    assert Reader(warehouse_client, tenant).loss(NOON, NOON + 10).share == 0.0


def test_rows_that_come_late_are_found_by_their_counts(warehouse_client: Client, tenant: str) -> None:
    reader = Reader(warehouse_client, tenant)
    insert_rows(
        warehouse_client,
        [row(tenant, seq, ended_at=NOON + seq / 2) for seq in range(4)],
        token=f"{tenant}1",
    )
    seen = reader.arrivals(NOON, NOON + 10)
    belated = [row(tenant, 9, ended_at=NOON + 1.2), row(tenant, 10, ended_at=NOON + 5, boot=2)]
    unfinished = [row(tenant, 11, ended_at=NOON + 1, interim=1)]
    insert_rows(warehouse_client, belated + unfinished, token=f"{tenant}2")
    there = reader.arrivals(NOON, NOON + 10)
    late = {key: rows - seen.get(key, 0) for key, rows in there.items() if rows > seen.get(key, 0)}
    assert {(second - int(NOON), boot): rows for (second, _, boot), rows in late.items()} == {
        (1, 1): 1,
        (5, 2): 1,
    }


def test_refusals_are_counted_by_reason(warehouse_client: Client, tenant: str) -> None:
    reasons = ("abnormal-usage", "quota-exceeded", "abnormal-usage", "")
    rows = [
        row(tenant, seq, ended_at=NOON + seq, reason=reason, decision="refused" if reason else "allowed")
        for seq, reason in enumerate(reasons)
    ]
    reader = Reader(warehouse_client, tenant)
    assert reader.refusals(NOON, NOON + 10) == {}
    insert_rows(warehouse_client, rows, token=tenant)
    assert reader.refusals(NOON, NOON + 10) == {"abnormal-usage": 2, "quota-exceeded": 1}
    assert reader.refusals(NOON + 1, NOON + 2) == {"quota-exceeded": 1}


def test_history_comes_from_the_roll_ups(warehouse_client: Client, tenant: str) -> None:
    rows = [row(tenant, seq, ended_at=NOON + seq, duration_us=1024) for seq in range(4)]
    insert_rows(warehouse_client, rows, token=tenant)
    reader = Reader(warehouse_client, tenant)
    minutes = reader.history(NOON, NOON + 60)
    assert (list(minutes.began), list(minutes.requests)) == ([int(NOON)], [4])
    assert minutes.duration_sum_us[0] == 4096
    assert minutes.durations[0] == {80: 4}
    assert len(reader.history(NOON, NOON + 60, rollup="requests_1s").began) == 4
    assert list(reader.history(NOON + 60, NOON + 120).began) == []


def test_what_a_question_reads_does_not_grow_with_history(fresh_database: Client) -> None:
    """One second of an hour of 200,000 rows: a few granules of 8,192, not the table."""
    for part in range(20):
        start = NOON - 3600 + part * 180
        rows = [row("t", seq, ended_at=start + seq * 0.018) for seq in range(10_000)]
        insert_rows(fresh_database, rows, token=f"history{part}")
    since = round((NOON - 1800) * SECOND)
    asked = {"tenant": "t", "since": since, "until": since + SECOND}
    answer = fresh_database.query(load("arrivals"), parameters=asked)
    assert answer.result_rows
    assert int(str(answer.summary["read_rows"])) <= 4 * 8_192
