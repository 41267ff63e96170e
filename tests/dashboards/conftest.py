"""One seeding for every test of the boards."""

from collections.abc import Callable, Iterator

import pytest
from clickhouse_connect.driver.client import Client

from dashboards.asking import Columns, ask
from dashboards.expansion import ALL, TimeRange
from dashboards.spec import Board, panel_of
from tests.dashboards.seeded import TENANT, recent, seed
from warehouse.client import connect

Asking = Callable[..., Columns]


@pytest.fixture(scope="session")
def client(warehouse_url: str) -> Iterator[Client]:
    """A client of the session's warehouse."""
    client = connect(warehouse_url)
    yield client
    client.close()


@pytest.fixture(scope="session")
def span(client: Client) -> TimeRange:
    """The ten minutes that are seeded."""
    seeded = recent()
    seed(client, TENANT, seeded)
    return seeded


@pytest.fixture
def answer(client: Client, span: TimeRange) -> Asking:
    """`answer(board, name, route=…)`: what a panel shows of the seeded rows."""

    def asked(board: Board, name: str, route: str = ALL) -> Columns:
        return ask(client, panel_of(board, name), span, {"tenant": TENANT, "route": route})

    return asked
