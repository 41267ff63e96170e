"""What is asked about health, by the real engine."""

import time

from clickhouse_connect.driver.client import Client

from kernel.events import EventRow, LedgerRow
from tests.warehouse.event_rows import insert_rows, row
from warehouse.delivery import insert_ledger
from warehouse.health import HEARD_WITHIN_S, HealthReader, Heartbeat, Outcomes
from warehouse.ledger import CLOSED
from warehouse.progress import keep_progress

# A full minute two hours ago.
NOON = float(int(time.time()) // 60 * 60 - 7200)
SECOND = 1_000_000
HOUR = 3600


def entry(tenant: str, worker: str, *, at: float, **changed: object) -> LedgerRow:
    """A ledger row written `at` seconds after NOON."""
    written_at = round((NOON + at) * SECOND)
    plain = LedgerRow(tenant, worker, 1, written_at, written_at, 0, 0, 0, 0, 0, 0, ())
    return plain._replace(**changed)  # type: ignore[arg-type]  # a test's own words


def stored(client: Client, tenant: str, rows: list[EventRow]) -> HealthReader:
    insert_rows(client, rows, token=tenant)
    return HealthReader(client, tenant)


def test_empty_tables_tell_of_nothing(warehouse_client: Client, tenant: str) -> None:
    reader = HealthReader(warehouse_client, tenant)
    served = reader.served(NOON, (300, HOUR))
    assert (served.since, served.within) == (0.0, {300: Outcomes(0, 0), HOUR: Outcomes(0, 0)})
    assert reader.heartbeats(NOON) == ()
    assert reader.judged() is None


def test_each_window_counts_what_ended_within_it(warehouse_client: Client, tenant: str) -> None:
    ends = (10.0, 70.0, 2 * HOUR, 4 * HOUR)
    rows = [row(tenant, seq, ended_at=NOON - ago, status=500) for seq, ago in enumerate(ends, start=1)]
    served = stored(warehouse_client, tenant, rows).served(NOON, (60, HOUR, 3 * HOUR))
    assert served.within == {60: Outcomes(1, 1), HOUR: Outcomes(2, 2), 3 * HOUR: Outcomes(3, 3)}
    assert served.since == NOON - 2 * HOUR


def test_what_the_gateway_refused_and_what_no_route_takes_is_in_neither_count(
    warehouse_client: Client, tenant: str
) -> None:
    refused = {"decision": "refused", "outcome": "refused"}
    rows = [
        row(tenant, 1, ended_at=NOON - 5),
        row(tenant, 2, ended_at=NOON - 5, status=429, **refused),
        row(tenant, 3, ended_at=NOON - 5, status=403, **refused),
        row(tenant, 4, ended_at=NOON - 5, status=404, route="", decision="refused", outcome="no_route"),
        row(tenant, 5, ended_at=NOON - 5, status=400, route="", outcome="bad_request"),
    ]
    served = stored(warehouse_client, tenant, rows).served(NOON, (300,))
    assert served.within == {300: Outcomes(1, 0)}


def test_the_upstreams_own_429_is_an_answer(warehouse_client: Client, tenant: str) -> None:
    rows = [row(tenant, 1, ended_at=NOON - 5, status=429), row(tenant, 2, ended_at=NOON - 5, status=403)]
    assert stored(warehouse_client, tenant, rows).served(NOON, (300,)).within == {300: Outcomes(2, 0)}


def test_a_failure_counts_once_however_it_shows(warehouse_client: Client, tenant: str) -> None:
    rows = [
        row(tenant, 1, ended_at=NOON - 5, status=502, outcome="connect_failed"),
        row(tenant, 2, ended_at=NOON - 65, outcome="upstream_truncated"),
        row(tenant, 3, ended_at=NOON - 125, status=500),
        row(tenant, 4, ended_at=NOON - 125),
    ]
    assert stored(warehouse_client, tenant, rows).served(NOON, (300,)).within == {300: Outcomes(4, 3)}


def test_a_workers_newest_process_speaks_for_it(warehouse_client: Client, tenant: str) -> None:
    entries = [
        entry(tenant, "back", at=10.0, boot=1),
        entry(tenant, "back", at=20.0, boot=2),
        entry(tenant, "back", at=30.0, boot=1, through=CLOSED),  # booked by its next process
        entry(tenant, "ended", at=10.0),
        entry(tenant, "ended", at=11.0, through=CLOSED),
        entry(tenant, "silent", at=5.0),
        entry(tenant, "forgotten", at=30.0 - HEARD_WITHIN_S),
        entry(f"{tenant}x", "another", at=5.0),
    ]
    insert_ledger(warehouse_client, entries)
    assert HealthReader(warehouse_client, tenant).heartbeats(NOON + 60.0) == (
        Heartbeat("back", NOON + 20.0, False),
        Heartbeat("ended", NOON + 11.0, True),
        Heartbeat("silent", NOON + 5.0, False),
    )


def test_how_far_analytics_judged_is_told(warehouse_client: Client, tenant: str) -> None:
    keep_progress(warehouse_client, tenant, int(NOON))
    assert HealthReader(warehouse_client, tenant).judged() == int(NOON)
