"""The replay that is measured is one that does something."""

from clickhouse_connect.driver.client import Client

from lab.bench.insert import MICROSECONDS
from lab.bench.replaying import SPAN_S, WARM_S, replayed
from lab.bench.tick import History, fill
from tests.warehouse_server import WarehouseProcess

UNTIL_S = 4_000_000_000


def test_the_measured_replay_judges_the_whole_history(
    fresh_database: Client, warehouse_process: WarehouseProcess, tenant: str
) -> None:
    fill(fresh_database, History(rows=20_000, span_s=SPAN_S, until_us=UNTIL_S * MICROSECONDS))
    report = replayed(f"{warehouse_process.url}/{tenant}", float(UNTIL_S))
    seen = report.seen_legitimate.requests
    assert 20_000 * (SPAN_S - WARM_S) / SPAN_S - 10 < seen <= 20_000
    assert [each.rule for each in report.rules] == ["strict"]
    assert len(report.rules[0].curve) > 10
