"""The cost of an event is measured on events that arrive."""

import pytest
from clickhouse_connect.driver.client import Client

from lab.bench.telemetry import stored_rows, writer_cost


@pytest.mark.slow
def test_every_event_of_the_measurement_is_stored(warehouse_url: str, warehouse_client: Client) -> None:
    before = stored_rows(warehouse_client)
    cost = writer_cost(warehouse_url, 10_000)
    assert cost.stored == cost.events == 10_000
    assert cost.cpu_us_per_event > 0
    assert stored_rows(warehouse_client) - before == 10_000
