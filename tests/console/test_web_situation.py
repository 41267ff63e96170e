"""What the overview tells: whom a finding accuses, and what can be done about it."""

import time
from pathlib import Path

import msgspec

from console.tokens import Tokens
from console.web.site import Site
from console.web.situation import gravity, overlays_on, situation_of
from console.web.telemetry import Telemetry
from kernel.control import Approve
from kernel.recommendations import patch_digest
from kernel.replays import Split
from tests.console.policies import Clock
from tests.console.web_proposals import proposal, propose
from tests.console.web_seed import answer, burst, policy_of
from tests.console.web_serving import browsing
from warehouse.client import connect
from warehouse.findings import insert_findings
from warehouse.readers_pages import Accused
from warehouse.suspects import Suspect, insert_suspects


async def test_a_finding_over_many_names_the_busiest_and_what_can_be_done(
    tmp_path: Path, warehouse_url: str, tenant: str
) -> None:
    now = float(int(time.time()))
    found = msgspec.structs.replace(burst(tenant, now), kind="credential-stuffing", identity="", key="login")
    client = connect(warehouse_url)
    insert_findings(client, [found])
    accused = [Suspect(found.id, f"ip:10.0.0.{each}", now, now, each) for each in range(1, 7)]
    insert_suspects(client, tenant, accused)
    client.close()
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(tenant))
    clock = Clock(now)
    await propose(tmp_path, policy, clock, proposal(tenant, now, finding=found.id))
    async with browsing(policy, warehouse_url, clock) as browser:
        await browser.sign_in()
        page = (await browser.get("/")).text
        single = (await browser.get(f"/findings/{found.id}")).text
    told = "6 identities: <code>ip:10.0.0.6</code>"
    assert told in page
    assert "and 2 more" in page
    assert told in single
    assert "What you can do" in page
    assert (
        "Of the attack it would have refused 3,420 requests of 1 identity; of others 3 requests of 1" in page
    )


def test_a_value_set_for_whom_a_finding_is_about_is_told_whatever_finding_set_it() -> None:
    scan = msgspec.structs.replace(burst("t", 1_000.0), id="scan", kind="vulnerability-scan", detector="D7")
    of_burst = answer("t", 1_000.0, finding="burst")
    for_everybody = msgspec.structs.replace(of_burst, identity="", finding="demand")
    assert overlays_on(scan, None, (of_burst, for_everybody)) == [of_burst]
    stuffing = msgspec.structs.replace(scan, identity="", key="login")
    assert overlays_on(stuffing, None, (of_burst,)) == []
    assert overlays_on(stuffing, Accused("scan", 9, (of_burst.identity,)), (of_burst,)) == [of_burst]


async def test_a_proposal_that_would_refuse_nothing_is_not_offered(
    tmp_path: Path, warehouse_url: str, tenant: str
) -> None:
    now = float(int(time.time()))
    found = burst(tenant, now)
    client = connect(warehouse_url)
    insert_findings(client, [found])
    client.close()
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(tenant))
    good = proposal(tenant, now, finding=found.id)
    assert good.replay is not None
    nothing = msgspec.structs.replace(good.replay, newly_attack=Split())
    idle = msgspec.structs.replace(good, id="1d1e", title="Limit nobody", replay=nothing)
    clock = Clock(now)
    await propose(tmp_path, policy, clock, idle)
    await propose(tmp_path, policy, clock, good)
    async with browsing(policy, warehouse_url, clock) as browser:
        await browser.sign_in()
        page = (await browser.get("/")).text
        listed = (await browser.get("/recommendations")).text
        watched = (await browser.get(f"/findings/{found.id}")).text
        asked = Approve(mode="enforce", reason="it attacks", patch=patch_digest(good.patch))
        await browser.state.approve(good.id, asked, author="ana", expected=browser.state.revision)
        acted = (await browser.get(f"/findings/{found.id}")).text
    assert good.title in page
    assert "Limit nobody" not in page
    assert "1 recommendation to review" in page
    assert listed.index(good.title) < listed.index("Limit nobody")
    assert "it would refuse nothing" in listed
    assert "Nothing by itself; it watches." in watched
    assert "by your approval, rule" in acted
    assert "it watches" not in acted


def test_the_gravest_findings_come_first() -> None:
    plain = burst("t", 1_000.0)
    older = msgspec.structs.replace(plain, onset=1.0)
    mild = msgspec.structs.replace(plain, severity="warning")
    assert sorted([mild, older, plain], key=gravity) == [plain, older, mild]


async def test_a_pause_is_told_on_the_overview(policy: Path, clock: Clock) -> None:
    async with browsing(policy, "", clock) as browser:
        await browser.sign_in()
        await browser.state.set_loop(paused=True, reason="a sale begins", author="ana")
        page = (await browser.get("/")).text
    assert "Automation is paused.</b> a sale begins" in page


async def test_a_situation_without_a_warehouse_has_what_control_knows(policy: Path, clock: Clock) -> None:
    async with browsing(policy, "", clock) as browser:
        site = Site(browser.state, Tokens([]), telemetry=Telemetry("", "default"), clock=clock)
        known = await situation_of(site)
    assert (known.open, known.undelivered, known.acting) == ((), (), ())
    assert "no warehouse is named" in known.away
