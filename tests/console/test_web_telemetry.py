"""The pages' questions to the warehouse, and one that is away."""

import time

import pytest

from console.web.telemetry import Telemetry, WarehouseAway


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
