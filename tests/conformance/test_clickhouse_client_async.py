"""The embedded server against the unmodified clickhouse-connect client, async, with both of its codecs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData

from tests.conformance.clickhouse_client import CODECS, many_rows, options

COUNT = 20_000


@pytest.fixture(params=CODECS)
async def client(clickhouse_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    client = await clickhouse_connect.get_async_client(**options(clickhouse_url, str(request.param)))
    yield client
    await client.close()


@pytest.fixture
async def table(client: Any, tenant: str) -> AsyncIterator[str]:
    name = f"tidegate.{tenant}"
    await client.command(f"DROP TABLE IF EXISTS {name}")
    await client.command(
        f"CREATE TABLE {name} (a UInt64, b String, c Float64, d Array(String)) ENGINE = MergeTree ORDER BY a"
        " SETTINGS non_replicated_deduplication_window = 100"
    )
    yield name
    await client.command(f"DROP TABLE {name}")


async def test_inserts_and_reads_of_many_blocks_lose_nothing(client: Any, table: str) -> None:
    rows = list(many_rows(COUNT))
    await client.insert(table, rows, column_names=["a", "b", "c", "d"])
    result = await client.query(f"SELECT * FROM {table} ORDER BY a")
    assert result.result_rows == rows


async def test_a_batch_with_the_same_token_is_stored_once(client: Any, table: str) -> None:
    rows = list(many_rows(COUNT))
    for token in ("a", "a"):
        await client.insert(table, rows, ["a", "b", "c", "d"], settings={"insert_deduplication_token": token})
    assert await client.command(f"SELECT count() FROM {table}") == COUNT


async def test_many_queries_run_at_once(client: Any) -> None:
    query = "SELECT sum(number) + {n:UInt64} FROM numbers(100000)"
    results = await asyncio.gather(*(client.query(query, parameters={"n": n}) for n in range(40)))
    assert [result.result_rows[0][0] for result in results] == [4_999_950_000 + n for n in range(40)]


async def test_settings_of_concurrent_requests_do_not_mix(client: Any) -> None:
    async def ask(size: int) -> bool:
        settings = {"max_block_size": size}
        return bool(await client.command("SELECT getSetting('max_block_size')", settings=settings) == size)

    assert all(await asyncio.gather(*(ask(1000 + number) for number in range(40))))


async def test_a_stream_of_blocks_is_read_block_by_block(client: Any) -> None:
    total = 0
    async with await client.query_row_block_stream("SELECT number FROM numbers(300000)") as stream:
        async for block in stream:
            total += sum(number for (number,) in block)
    assert total == 44_999_850_000


async def test_external_data_and_parameters(client: Any) -> None:
    external = ExternalData(
        file_name="extra.csv", data=b"1,a\n2,b\n", fmt="CSV", structure="id UInt8, t String"
    )
    query = "SELECT t FROM extra WHERE id = {id:UInt8}"
    result = await client.query(query, parameters={"id": 2}, external_data=external)
    assert result.result_rows == [("b",)]


async def test_an_error_has_clickhouses_code_and_name(client: Any) -> None:
    with pytest.raises(DatabaseError) as caught:
        await client.query("SELECT * FROM no_such_table")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")


async def test_an_error_in_the_middle_of_a_stream_is_told(client: Any) -> None:
    with pytest.raises(DatabaseError, match="throwIf"):
        await client.query("SELECT throwIf(number = 900000) FROM numbers(1000000)")
    assert await client.command("SELECT 1") == 1
