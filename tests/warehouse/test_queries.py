"""Every question of the readers is a file that the engine accepts."""

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

import warehouse.queries
from warehouse.queries import UnknownQuery, load

NAMES = sorted(path.stem for path in Path(warehouse.queries.__path__[0]).glob("*.sql"))


@pytest.mark.parametrize("name", NAMES)
def test_a_query_says_what_it_asks_parses_and_names_the_tenant(warehouse_client: Client, name: str) -> None:
    text = load(name)
    assert text.startswith("-- ")
    assert "{tenant:String}" in text
    formatted = warehouse_client.query("SELECT formatQuery({sql:String})", parameters={"sql": text})
    assert formatted.result_rows


@pytest.mark.parametrize("name", ["nothing", "../__init__", "findings.sql", ""])
def test_an_unknown_query_is_told(name: str) -> None:
    with pytest.raises(UnknownQuery):
        load(name)
