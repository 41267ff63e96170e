"""Requests that the notebooks are tried on."""

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from dashboards.expansion import TimeRange
from tests.dashboards.seeded import recent, seed
from tests.notebooks.trying import seed_crowd
from warehouse.client import connect

EXPLORED = "explored"


@pytest.fixture(scope="session")
def shared_client(warehouse_url: str) -> Iterator[Client]:
    """A client of the session's warehouse."""
    client = connect(warehouse_url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def seeded_span(shared_client: Client) -> TimeRange:
    """The ten minutes of tests/dashboards/seeded.py, for tenant EXPLORED."""
    span = recent()
    seed(shared_client, EXPLORED, span)
    return span


@pytest.fixture(scope="session")
def crowd_url(shared_client: Client, warehouse_url: str) -> str:
    """The warehouse with the crowd of tests/notebooks/trying.py."""
    seed_crowd(shared_client)
    return warehouse_url
