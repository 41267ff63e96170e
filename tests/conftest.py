"""Fixtures that every folder shares: one embedded warehouse for the whole session."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from tests.warehouse_server import WarehouseProcess, running_warehouse
from warehouse.client import connect
from warehouse.migrate import migrate


@pytest.fixture(scope="session")
def warehouse_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    """The session's embedded warehouse, without tables."""
    data: Path = tmp_path_factory.mktemp("warehouse")
    with running_warehouse(data / "data") as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def warehouse_url(warehouse_process: WarehouseProcess) -> str:
    """URL of the session's warehouse, `tidegate` migrated. Use `tenant` to keep tests apart."""
    client = connect(warehouse_process.url)
    migrate(client)
    client.close()
    return warehouse_process.url


@pytest.fixture
def warehouse_client(warehouse_url: str) -> Iterator[Client]:
    """A client of the session's warehouse, database `tidegate`."""
    client = connect(warehouse_url)
    yield client
    client.close()


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> str:
    """A tenant of this test alone."""
    return "t" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


@pytest.fixture
def fresh_database(warehouse_process: WarehouseProcess, tenant: str) -> Iterator[Client]:
    """A client of a migrated database of this test alone; costs 0.2 s, prefer `tenant`."""
    client = connect(f"{warehouse_process.url}/{tenant}")
    migrate(client)
    yield client
    client.command(f"DROP DATABASE IF EXISTS {tenant} SYNC", use_database=False)
    client.close()
