"""After an approval: every page says that it is in force and what it refused since."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from console.web.acting import Reach, reach_of, summed
from kernel.control import Approve, SeenProxy
from kernel.recommendations import Recommendation, patch_digest
from tests.console.policies import Clock
from tests.console.web_proposals import RULE, proposal, propose
from tests.console.web_seed import ATTACKER, policy_of
from tests.console.web_serving import Browser, browsing
from tests.warehouse.event_rows import insert_rows, row
from warehouse.client import connect
from warehouse.readers_pages import RuleDeeds


@pytest.fixture
def clock() -> Clock:
    return Clock(float(int(time.time())) - 60)


@pytest.fixture
def proposed(tenant: str, clock: Clock) -> Recommendation:
    return proposal(tenant, clock(), finding="f00d")


@pytest_asyncio.fixture
async def browser(
    tmp_path: Path, warehouse_url: str, tenant: str, clock: Clock, proposed: Recommendation
) -> AsyncIterator[Browser]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(tenant))
    await propose(tmp_path, policy, clock, proposed)
    async with browsing(policy, warehouse_url, clock) as browser:
        await browser.sign_in()
        yield browser


async def approve(browser: Browser, proposed: Recommendation, mode: str) -> None:
    seen = patch_digest(proposed.patch)
    asked = Approve(mode, "it is an attack", seen, lasts_s=3_600)  # type: ignore[arg-type]  # one of the modes
    await browser.state.approve(proposed.id, asked, author="ana", expected=browser.state.revision)


def refuse(warehouse_url: str, tenant: str, ended_at: float, **by: object) -> None:
    """Seven requests that met the rule."""
    client = connect(warehouse_url)
    rows = [row(tenant, each + 1, ended_at=ended_at, identity=ATTACKER, **by) for each in range(7)]
    insert_rows(client, rows, token=f"{tenant}-acting")
    client.close()


async def test_an_enforced_rule_tells_whom_it_refused_since(
    browser: Browser, proposed: Recommendation, warehouse_url: str, tenant: str, clock: Clock
) -> None:
    await approve(browser, proposed, "enforce")
    browser.state.see("proxy-1", browser.state.revision, 0)
    browser.state.see("proxy-2", "0ld", 0)
    refuse(warehouse_url, tenant, clock() + 5, decision="refused", rule=RULE, status=429)
    clock.now += 10
    page = (await browser.get(f"/recommendations/{proposed.id}")).text
    assert "It is in force." in page
    assert "<b>7 requests</b> of 1 identity, the last 5 s ago" in page
    assert "1 of 2; the others follow within seconds" in page
    overview = (await browser.get("/")).text
    assert "it refused <b>7 requests</b> of 1 identity" in overview.partition("What you approved")[2]
    part = (await browser.get(f"/recommendations/{proposed.id}/effect")).text
    assert "<html" not in part
    assert "<b>7 requests</b>" in part


async def test_a_rule_in_shadow_tells_whom_it_would_have_refused(
    browser: Browser, proposed: Recommendation, warehouse_url: str, tenant: str, clock: Clock
) -> None:
    await approve(browser, proposed, "shadow")
    refuse(warehouse_url, tenant, clock() + 5, would_refuse=[RULE])
    page = (await browser.get(f"/recommendations/{proposed.id}")).text
    assert "It watches in shadow: it refuses nobody." in page
    assert "<b>7 requests</b> of 1 identity" in page
    assert "no proxy follows this console" in page


async def test_a_rule_that_was_rolled_back_acts_no_more(browser: Browser, proposed: Recommendation) -> None:
    first = browser.state.revision
    await approve(browser, proposed, "enforce")
    await browser.state.rollback(first, author="ana", reason="too much", expected=browser.state.revision)
    page = (await browser.get(f"/recommendations/{proposed.id}")).text
    assert "It acts no more." in page
    assert "What you approved" not in (await browser.get("/")).text


async def test_without_a_warehouse_it_is_told_that_nothing_is_known(
    tmp_path: Path, tenant: str, clock: Clock, proposed: Recommendation
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(tenant))
    await propose(tmp_path, policy, clock, proposed)
    async with browsing(policy, "", clock) as alone:
        await alone.sign_in()
        await approve(alone, proposed, "enforce")
        assert (
            "cannot be read: the warehouse is away"
            in (await alone.get(f"/recommendations/{proposed.id}")).text
        )


def test_deeds_of_several_rules_are_summed() -> None:
    one, other = RuleDeeds("a", 2, 1, 0, 0, 5.0), RuleDeeds("b", 3, 2, 1, 1, 4.0)
    assert summed({"a": one, "b": other}, ["a", "b", "idle"]) == RuleDeeds("a, b, idle", 5, 3, 1, 1, 5.0)
    assert summed({}, ["idle"]).last_at == 0.0


async def test_who_is_silent_does_not_follow(browser: Browser, clock: Clock) -> None:
    browser.state.see("proxy-1", browser.state.revision, 0)
    status = await browser.state.status()
    assert status.proxies == (SeenProxy("proxy-1", browser.state.revision, 0, clock()),)
    assert reach_of(status) == Reach(1, 1)
    clock.now += 120
    assert reach_of(await browser.state.status()) == Reach(0, 0)


async def test_the_moving_part_of_an_open_recommendation_says_that_it_was_not_approved(
    browser: Browser, proposed: Recommendation
) -> None:
    answered = await browser.get(f"/recommendations/{proposed.id}/effect")
    assert (answered.status_code, "It was not approved." in answered.text) == (200, True)
