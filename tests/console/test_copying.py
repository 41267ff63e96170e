"""What the console copies into the warehouse."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from clickhouse_connect.driver.client import Client

from console.copying import UNTOLD_TRIES, Copying, since
from console.state import ControlState, open_state
from kernel.control import Marker, PutMarker
from kernel.recommendations import Reviewed
from kernel.replays import Split
from tests.console.policies import ADAPTIVE, Clock
from tests.console.proposing import realised, recommendation
from warehouse.client import connect
from warehouse.copies import Copied

EARLY, LATE = Marker(1.0, "deploy", "v1", "ada"), Marker(2.0, "deploy", "v2", "ada")


@pytest.fixture
async def state(tmp_path: Path, clock: Clock, tenant: str) -> AsyncIterator[ControlState]:
    policy = tmp_path / "tenant.yaml"
    policy.write_text(f"tenant: {tenant}\n{ADAPTIVE}")
    opened = open_state(tmp_path / "control.sqlite", policy, clock)
    yield opened
    await opened.close()


def test_only_news_is_copied() -> None:
    news = since(Copied(markers=(EARLY,)), Copied(markers=(LATE, EARLY)))
    assert news == Copied(markers=(LATE,))


async def test_the_store_is_copied(
    state: ControlState, warehouse_url: str, warehouse_client: Client, tenant: str
) -> None:
    copying = Copying(state, warehouse_url, lambda line: None)
    await state.add_marker(PutMarker("v2"), author="ada")
    assert await copying.copy()
    assert await copying.copy()
    copying.close()
    found = warehouse_client.query(
        "SELECT text, author FROM markers FINAL WHERE tenant = {tenant:String}", {"tenant": tenant}
    )
    assert [tuple(row) for row in found.result_rows] == [("v2", "ada")]


async def test_a_warehouse_that_stays_away_is_told_once(state: ControlState) -> None:
    told: list[str] = []
    copying = Copying(state, "http://127.0.0.1:9", told.append)
    for _ in range(UNTOLD_TRIES):
        assert not await copying.copy()
    assert told == []  # at a first start others are still making its tables
    for _ in range(3):
        assert not await copying.copy()
    copying.close()
    assert len(told) == 1


async def test_a_fresh_warehouse_gets_its_tables(
    state: ControlState, warehouse_url: str, tenant: str
) -> None:
    told: list[str] = []
    database = f"fresh_{tenant}"
    copying = Copying(state, f"{warehouse_url}/{database}", told.append)
    assert await copying.copy()
    copying.close()
    client = connect(warehouse_url)
    asked = f"SELECT count() FROM {database}.revisions"
    assert client.command(asked) == 1
    client.command(f"DROP DATABASE {database}")
    client.close()
    assert told == []


async def test_what_no_table_takes_is_told_once_and_counted(
    state: ControlState, warehouse_url: str, tenant: str
) -> None:
    told: list[str] = []
    odd = msgspec.structs.replace(realised("x"), attack=Split(-1, 0))
    state._store.proposals.put(state.tenant, Reviewed(recommendation(), "approved", 1_000.0, realised=odd))
    copying = Copying(state, warehouse_url, told.append)
    assert await copying.copy()
    assert await copying.copy()
    copying.close()
    assert copying.refused == 1
    assert len(told) == 1
    assert f"'{recommendation().id}' is not copied to the warehouse" in told[0]


async def test_an_outage_is_told_when_it_begins_and_when_it_is_over(
    state: ControlState, warehouse_url: str, tenant: str
) -> None:
    told: list[str] = []
    copying = Copying(state, warehouse_url, told.append)
    assert await copying.copy()
    client = connect(warehouse_url, settings={"readonly": 2})
    copying._client = client
    await state.add_marker(PutMarker("v2"), author="ada")
    for _ in range(UNTOLD_TRIES + 2):
        copying._client = client
        assert not await copying.copy()
    assert await copying.copy()
    copying.close()
    client.close()
    assert [line.partition(":")[0] for line in told] == [
        "decisions are not copied to the warehouse",
        "decisions are copied to the warehouse again",
    ]
