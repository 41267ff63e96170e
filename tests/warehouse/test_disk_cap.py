"""The disk cap: the oldest day goes, with a warning; the newest stays."""

import hashlib
import time
from datetime import UTC, datetime
from pathlib import Path

from clickhouse_connect.driver.client import Client

from tests.warehouse.event_rows import insert_rows, row
from tests.warehouse_server import running_warehouse
from warehouse.client import connect
from warehouse.disk_cap import drop_oldest_days
from warehouse.migrate import migrate

DAY_S = 86_400
NOON = datetime(2096, 3, 1, 12, tzinfo=UTC).timestamp()
DEADLINE_S = 20


def fill(client: Client, days: int) -> None:
    """About 1 MB a day: the trace ids are random."""
    for day in range(days):
        rows = [
            row(
                "default",
                seq,
                ended_at=NOON + day * DAY_S,
                trace_id=hashlib.shake_256(f"{day} {seq}".encode()).hexdigest(100),
            )
            for seq in range(1, 10_001)
        ]
        insert_rows(client, rows, token=str(day))


def kept(client: Client) -> list[str]:
    return [
        str(day)
        for (day,) in client.query(
            "SELECT DISTINCT toDate(ended_at) AS d FROM requests ORDER BY d"
        ).result_rows
    ]


def test_the_oldest_days_go_until_the_rest_fits(tmp_path: Path) -> None:
    with running_warehouse(tmp_path) as warehouse:
        client = connect(warehouse.url)
        migrate(client)
        fill(client, 4)

        def administer(sql: str) -> bytes:
            return bytes(client.raw_query(sql))

        assert drop_oldest_days(administer, 1 << 40) == []
        total = int(administer("SELECT sum(bytes_on_disk) FROM system.parts WHERE active"))
        assert drop_oldest_days(administer, total * 6 // 10) == ["2096-03-01", "2096-03-02"]
        assert kept(client) == ["2096-03-03", "2096-03-04"]
        assert drop_oldest_days(administer, 1) == ["2096-03-03"]
        assert kept(client) == ["2096-03-04"]
        assert drop_oldest_days(administer, 1) == []
        client.close()


def test_the_server_keeps_its_cap_and_warns(tmp_path: Path) -> None:
    with running_warehouse(tmp_path) as warehouse:
        client = connect(warehouse.url)
        migrate(client)
        fill(client, 3)
        client.close()
    with running_warehouse(tmp_path, "--disk-cap-mb", "1") as capped:
        client = connect(capped.url)
        deadline = time.monotonic() + DEADLINE_S
        while len(kept(client)) > 1 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert kept(client) == ["2096-03-03"]
        client.close()
        assert capped.process.stderr is not None
        assert (
            "above its cap of 1 MB: dropping the requests of 2096-03-01" in capped.process.stderr.readline()
        )
