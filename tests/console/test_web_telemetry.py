"""The pages' questions to the warehouse, and one that is away."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest

from console.web.telemetry import (
    ENGINE_WITHIN_S,
    TRY_AGAIN_AFTER_S,
    Telemetry,
    WarehouseAway,
)
from kernel.findings import Finding
from tests.console.policies import Clock

PATIENCE_S = 20.0


async def test_a_tenant_without_telemetry_has_zeros(warehouse_url: str, tenant: str) -> None:
    telemetry = Telemetry(warehouse_url, tenant)
    now = time.time()
    accounts = await telemetry.accounts(now)
    assert (accounts.ever.offered, accounts.watermark.through) == (0, None)
    assert await telemetry.findings() == []
    assert list((await telemetry.history(now - 60, now)).began) == []


@pytest.mark.parametrize("url", ["", "ftp://x", "http://127.0.0.1:9"])
async def test_a_warehouse_that_is_away_is_told_in_one_line(url: str) -> None:
    with pytest.raises(WarehouseAway) as fact:
        await Telemetry(url, "default").findings()
    assert "\n" not in str(fact.value)
    assert "warehouse" in str(fact.value)


@contextlib.contextmanager
def silent_warehouse() -> Iterator[str]:
    """It takes connections and never answers; at the end it hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        yield f"http://{host}:{port}"


async def test_a_warehouse_that_never_answers_is_waited_for_once_and_then_told_at_once() -> None:
    with silent_warehouse() as url:
        telemetry = Telemetry(url, "default", clock=Clock(), connect_within_s=0.05)
        pages = [telemetry.findings() for _ in range(20)]
        answers = await asyncio.gather(*pages, return_exceptions=True)
        for _ in range(50):
            async with asyncio.timeout(0):  # who waits for nothing is not late
                with pytest.raises(WarehouseAway) as fact:
                    await telemetry.findings()
    assert {type(each) for each in answers} == {WarehouseAway}
    assert str(fact.value) == "the warehouse does not answer (no answer in time), since 1970-01-01 00:16:40"


async def test_a_warehouse_that_comes_back_is_found_by_itself(warehouse_url: str, tenant: str) -> None:
    clock, way = Clock(), Way(warehouse_url)
    async with way.open() as url:
        telemetry = Telemetry(url, tenant, clock=clock)
        assert await telemetry.findings() == []
        way.is_shut = True
        with pytest.raises(WarehouseAway, match="does not answer"):
            await telemetry.findings()
        way.is_shut = False
        with pytest.raises(WarehouseAway, match="since 1970-01-01 00:16:40"):
            await telemetry.findings()
        clock.now += TRY_AGAIN_AFTER_S
        assert await answered(telemetry) == []


async def test_a_warehouse_that_falls_silent_is_told_at_once_after_the_first_question(
    warehouse_url: str, tenant: str
) -> None:
    way = Way(warehouse_url)
    async with way.open() as url:
        telemetry = Telemetry(url, tenant, clock=Clock(), answer_within_s=PATIENCE_S)
        assert await telemetry.findings() == []
        way.is_silent = True
        hurried = Telemetry(url, tenant, clock=Clock(), connect_within_s=0.05, answer_within_s=0.05)
        hurried._client = telemetry._client
        for wait_s in (PATIENCE_S, 0):
            async with asyncio.timeout(wait_s):
                with pytest.raises(WarehouseAway, match="no answer in time"):
                    await hurried.findings()


async def test_a_refusal_is_no_outage(warehouse_url: str, tenant: str) -> None:
    telemetry = Telemetry(warehouse_url, tenant, clock=Clock())
    with pytest.raises(WarehouseAway, match="answers with a failure"):
        await telemetry.answer_of("SELECT nothing")
    assert await telemetry.findings() == []


async def test_the_engine_gives_a_long_question_up(warehouse_url: str, tenant: str) -> None:
    telemetry = Telemetry(warehouse_url, tenant, clock=Clock())
    told = await telemetry.answer_of("SELECT toString(getSetting('max_execution_time')) AS value")
    assert float(str(told.of("value")[0])) == ENGINE_WITHIN_S


async def answered(telemetry: Telemetry) -> list[Finding]:
    """What it answers once it has found the warehouse again."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(WarehouseAway):
                return await telemetry.findings()
            await asyncio.sleep(0.01)


class Way:
    """A way to the warehouse that can be shut."""

    def __init__(self, url: str) -> None:
        to = urlsplit(url)
        self._to = (to.hostname, to.port)
        self._url = to
        self.is_shut = False
        self.is_silent = False

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Its URL."""
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        where = f"{self._url.netloc.rpartition('@')[0]}@127.0.0.1:{port}".removeprefix("@")
        try:
            yield self._url._replace(netloc=where).geturl()
        finally:
            server.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            if self.is_shut:
                return
            to_reader, to_writer = await asyncio.open_connection(*self._to)
            with contextlib.closing(to_writer):
                await asyncio.gather(self._copy(reader, to_writer), self._copy(to_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(65_536):
            if self.is_shut:
                break
            if not self.is_silent:
                writer.write(content)
        writer.close()
