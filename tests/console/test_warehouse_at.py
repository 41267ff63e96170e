"""A warehouse for one command."""

import os
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from console.endpoints import Endpoints
from console.warehouse_at import at_own_warehouse, at_warehouse
from warehouse.exits import CannotRun
from warehouse.ownership import claim, owner_of


def one(client: Client) -> int:
    return int(client.query("SELECT count() + 1 FROM findings WHERE tenant = 'nobody'").result_rows[0][0])


def endpoints(data: Path, warehouse: str = "") -> Endpoints:
    return Endpoints(data, "default", "", "", warehouse, "", "", "", None)


def test_the_tables_are_there_when_work_begins(warehouse_url: str) -> None:
    assert at_warehouse(warehouse_url, one) == 1


def test_a_warehouse_that_is_away_is_told_in_one_line_without_its_password() -> None:
    with pytest.raises(CannotRun) as told:
        at_warehouse("http://writer:secret@127.0.0.1:9", one)
    assert str(told.value) == "the warehouse does not answer (connection refused): http://127.0.0.1:9"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://127.0.0.1:x"])
def test_a_warehouse_that_cannot_be_used_is_told(url: str) -> None:
    with pytest.raises(CannotRun, match="the warehouse cannot be used"):
        at_warehouse(url, one)


def test_a_running_warehouse_is_used(tmp_path: Path) -> None:
    assert at_own_warehouse(endpoints(tmp_path, "http://w"), os.environ, str.upper) == "HTTP://W"


def test_a_temporary_one_is_started_on_the_directory_and_stopped(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for _ in range(2):  # what the first run made, the second opens
        found = at_own_warehouse(
            endpoints(data), os.environ, lambda url: at_warehouse(url, one), may_create=True
        )
        assert found == 1
    assert owner_of(data) is None


def test_a_directory_without_one_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    typo = tmp_path / "typo"
    with pytest.raises(CannotRun, match="no warehouse there"):
        at_own_warehouse(endpoints(typo), os.environ, str.upper)
    assert not typo.exists()


def test_a_directory_in_use_is_told(tmp_path: Path) -> None:
    (tmp_path / "warehouse").mkdir()
    held = claim(tmp_path)
    with pytest.raises(CannotRun, match="in use by process"):
        at_own_warehouse(endpoints(tmp_path), os.environ, str.upper)
    held.close()
