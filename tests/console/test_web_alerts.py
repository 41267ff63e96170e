"""The page of alerts over stored deliveries."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from kernel.findings import Finding
from tests.console.policies import Clock
from tests.console.web_proposals import proposal, propose
from tests.console.web_seed import policy_of, seed, tell
from tests.console.web_serving import Browser, browsing
from warehouse.client import connect

TENANT = "alerted"


@pytest.fixture(scope="module")
def attacked(warehouse_url: str) -> Iterator[Finding]:
    client = connect(warehouse_url)
    found = seed(client, TENANT, time.time())
    tell(client, TENANT, time.time(), finding=found.id)
    yield found
    client.close()


@pytest_asyncio.fixture
async def browser(tmp_path: Path, warehouse_url: str, attacked: Finding) -> AsyncIterator[Browser]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(TENANT))
    clock = Clock(attacked.onset + 90)
    await propose(tmp_path, policy, clock, proposal(TENANT, clock(), finding=attacked.id))
    async with browsing(policy, warehouse_url, clock) as browser:
        await browser.sign_in()
        yield browser


async def test_what_fires_stands_above_what_is_over(browser: Browser) -> None:
    page = (await browser.get("/alerts")).text
    assert page.index("Firing now") < page.index("Client burst on route") < page.index("Over <small>")
    assert "Telemetry lost" in page.partition("Over <small>")[2]
    assert "<small>1 firing</small>" in page


async def test_a_failed_delivery_tells_its_sink_and_its_reason(browser: Browser) -> None:
    page = (await browser.get("/alerts")).text
    assert "1 alert of the last seven days could not be delivered" in page
    chat = page.partition('<th scope="row">chat</th>')[2].partition("</tr>")[0]
    assert "given up" in chat
    assert "HTTP 503" in chat
    assert "delivered" in page.partition('<th scope="row">pager</th>')[2].partition("</tr>")[0]


async def test_an_alert_leads_to_its_finding_its_recommendation_and_its_runbook(
    browser: Browser, attacked: Finding
) -> None:
    page = (await browser.get("/alerts")).text
    assert f'<a href="/findings/{attacked.id}">The finding</a>' in page
    assert "Recommendation: Limit each client" in page
    assert "<code>docs/runbooks/client-burst.md</code>" in page


async def test_the_overview_tells_that_an_alert_was_not_delivered(browser: Browser) -> None:
    page = (await browser.get("/")).text
    assert "1 alert could not be delivered" in page


async def test_without_alerts_the_page_says_why_it_is_empty(policy: Path, warehouse_url: str) -> None:
    async with browsing(policy, warehouse_url, Clock(time.time())) as other:
        await other.sign_in()
        page = (await other.get("/alerts")).text
    assert "Nothing fires" in page
    assert "--alerts" in page


async def test_without_a_warehouse_the_page_says_so(policy: Path, clock: Clock) -> None:
    async with browsing(policy, "", clock) as alone:
        assert (await alone.get("/alerts")).status_code == 303
        await alone.sign_in()
        assert "no warehouse is named" in (await alone.get("/alerts")).text
