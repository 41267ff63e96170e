"""What the overview tells: whom a finding accuses, and what can be done about it."""

import time
from pathlib import Path

import msgspec

from console.tokens import Tokens
from console.web.site import Site
from console.web.situation import gravity, is_about, situation_of, usefulness
from console.web.telemetry import Telemetry
from kernel.recommendations import Reviewed
from tests.console.policies import Clock
from tests.console.web_proposals import proposal, propose
from tests.console.web_seed import burst, policy_of
from tests.console.web_serving import browsing
from warehouse.client import connect
from warehouse.findings import insert_findings
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
    assert "It would have refused 3,420 requests of 1 identity of the attack; harm: 1 of 412" in page


def test_an_attack_that_comes_back_is_answered_by_what_answered_it_before() -> None:
    again = msgspec.structs.replace(burst("t", 1_000.0), id="later")
    earlier = proposal("t", 1_000.0, finding="earlier")
    assert is_about(earlier, again)  # of the same detector, about the same route
    assert is_about(msgspec.structs.replace(earlier, route="", key=again.identity), again)
    assert not is_about(msgspec.structs.replace(earlier, detector="D7"), again)
    assert not is_about(msgspec.structs.replace(earlier, route="search", key="search"), again)
    assert not is_about(earlier, msgspec.structs.replace(again, route="", identity="", key="upstream:shop"))


def test_the_gravest_findings_and_the_most_useful_proposals_come_first() -> None:
    plain = burst("t", 1_000.0)
    older = msgspec.structs.replace(plain, onset=1.0)
    mild = msgspec.structs.replace(plain, severity="warning")
    assert sorted([mild, older, plain], key=gravity) == [plain, older, mild]
    good = Reviewed(proposal("t", 1_000.0, finding=plain.id), "open", 1_000.0)
    unknown = msgspec.structs.replace(
        good, recommendation=msgspec.structs.replace(good.recommendation, replay=None)
    )
    assert sorted([unknown, good], key=usefulness) == [good, unknown]


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
