"""The forgetful warehouse answers inserts itself and passes questions on."""

import sys
from pathlib import Path

from clickhouse_connect.driver.client import Client

from lab.bench.insert import made_batches
from lab.bench.processes import free_port, running
from lab.bench.telemetry import stored_rows
from warehouse.client import connect
from warehouse.delivery import Delivery


def test_inserts_are_answered_and_forgotten(
    warehouse_url: str, warehouse_client: Client, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "lab.bench.forgetful", str(port), warehouse_url]
    before = stored_rows(warehouse_client)
    with running(command, cores="0", port=port, log=tmp_path / "log", more={}):
        url = f"http://127.0.0.1:{port}"
        Delivery(url).store(made_batches(1, 1, 4_000_000_000_000_000)[0])
        assert stored_rows(connect(url)) == before
