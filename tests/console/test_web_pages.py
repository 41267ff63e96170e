"""The pages over a real application and a real warehouse."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from console.web.pages import onward_of
from console.web.rendering import CONTENT_SECURITY_POLICY
from kernel.findings import Finding
from tests.console.policies import Clock
from tests.console.web_seed import ATTACKER, answer, policy_of, seed
from tests.console.web_serving import Browser, browsing
from warehouse.client import connect

TENANT = "pages"
PAGES = ("/", "/live", "/findings", "/policy", "/telemetry")


@pytest.fixture(scope="module")
def attacked(warehouse_url: str) -> Iterator[Finding]:
    """The shop's rows, stored once. Roll-ups drop what is old, so they are of now."""
    client = connect(warehouse_url)
    yield seed(client, TENANT, time.time())
    client.close()


@pytest_asyncio.fixture
async def browser(tmp_path: Path, warehouse_url: str, attacked: Finding) -> AsyncIterator[Browser]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of(TENANT))
    async with browsing(policy, warehouse_url, Clock(attacked.onset + 90)) as browser:
        await browser.sign_in()
        yield browser


@pytest_asyncio.fixture
async def alone(policy: Path, clock: Clock) -> AsyncIterator[Browser]:
    """A console that has no warehouse; nobody is signed in."""
    async with browsing(policy, "", clock) as browser:
        yield browser


async def test_the_overview_says_what_is_attacked_by_whom_and_what_is_done(
    browser: Browser, attacked: Finding
) -> None:
    now = attacked.onset + 90
    await browser.state.take_lease("analytics", 30)
    await browser.state.put_overlays("analytics", (answer(TENANT, now, finding=attacked.id),))
    page = (await browser.get("/")).text
    assert "Client burst on route <code>login</code>" in page
    assert f"<code>{ATTACKER}</code>" in page
    assert "set to <b>2 requests/s</b>" in page
    assert "error burst" not in page.lower()  # it is over
    assert "&lt;login&gt;" in page


async def test_the_overview_has_rates_and_a_table_below_each_chart(browser: Browser) -> None:
    page = (await browser.get("/")).text
    assert page.count('data-chart="{') == page.count("<summary>As a table</summary>") == 2
    login = page.partition("/boards/route?route=login")[2].partition("</tr>")[0]
    assert "client burst" in login
    assert "95.2" in login  # percent refused: 40 of 42 in each second of the last minute


async def test_the_live_part_is_the_overview_without_its_frame(browser: Browser) -> None:
    part = (await browser.get("/live")).text
    assert "<html" not in part
    assert part.strip().splitlines()[0].startswith("<h1>")
    assert part.strip() in (await browser.get("/")).text


@pytest.mark.parametrize("path", ["/findings", "/alerts"])
async def test_a_list_that_is_live_holds_its_moving_part(browser: Browser, path: str) -> None:
    part = (await browser.get(f"{path}/part")).text
    page = (await browser.get(path)).text
    assert "<html" not in part
    assert part.strip().splitlines()[0].startswith("<h1>")
    assert part.strip() in page
    assert f'hx-sse:connect="{path}/part/events"' in page


async def test_findings_are_listed_open_and_ended(browser: Browser, attacked: Finding) -> None:
    page = (await browser.get("/findings")).text
    assert page.index(f"/findings/{attacked.id}") < page.index("/findings/0ld")
    assert "<b>open</b>" in page
    assert "ended" in page


async def test_a_finding_has_its_evidence(browser: Browser, attacked: Finding) -> None:
    page = (await browser.get(f"/findings/{attacked.id}")).text
    assert "requests of this identity" in page
    assert "20 ×" in page  # noqa: RUF001  # as the page has it


async def test_a_finding_that_is_not_there_is_told(browser: Browser) -> None:
    answered = await browser.get("/findings/none")
    assert answered.status_code == 404
    assert "no finding has the id" in answered.text


async def test_telemetry_health_has_the_account_and_who_follows(browser: Browser) -> None:
    browser.state.see("proxy-1", browser.state.revision, 0)
    browser.state.see("proxy-2", "0ther", 0)
    page = (await browser.get("/telemetry")).text
    assert "Nothing was lost" in page
    assert "0.8 s" in page
    assert "proxy-1" in page
    assert "<b>no</b>" in page.partition("proxy-2")[2]
    assert "10.0.0.1: 128 open" in page


async def test_the_policy_in_force_is_shown_as_text(browser: Browser) -> None:
    page = (await browser.get("/policy")).text
    assert browser.state.revision in page
    assert "path: /catalogue/*" in page


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_carries_the_policy_against_scripts(browser: Browser, path: str) -> None:
    answered = await browser.get(path)
    assert answered.status_code == 200
    assert answered.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "style=" not in answered.text
    assert "onclick" not in answered.text


@pytest.mark.parametrize("path", [*PAGES, "/findings/x"])
async def test_who_is_not_signed_in_is_sent_to_the_form(alone: Browser, path: str) -> None:
    answered = await alone.get(path)
    assert answered.status_code == 303
    assert answered.headers["location"].startswith("/login?next=/")


async def test_a_fragment_without_a_session_sends_the_whole_page_to_the_form(alone: Browser) -> None:
    answered = await alone.get("/live", **{"HX-Request": "true"})
    assert (answered.status_code, answered.headers["hx-redirect"]) == (204, "/login")


async def test_a_wrong_token_and_a_form_of_elsewhere_are_refused(alone: Browser) -> None:
    assert (await alone.post("/login", token="wrong")).status_code == 403
    assert (await alone.post("/login", token="t0ken", site="cross-site")).status_code == 403
    assert (await alone.get("/")).status_code == 303


async def test_the_cookie_is_for_this_site_and_not_for_scripts(alone: Browser) -> None:
    answered = await alone.post("/login", token="t0ken", next="/policy")
    assert answered.headers["location"] == "/policy"
    cookie = answered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "t0ken" not in cookie


async def test_signing_out_needs_the_form_of_the_session(alone: Browser) -> None:
    await alone.sign_in()
    csrf = await alone.csrf()
    assert (await alone.post("/logout", csrf="")).status_code == 403
    assert (await alone.post("/logout", csrf=csrf, site="cross-site")).status_code == 403
    assert (await alone.get("/policy")).status_code == 200
    assert (await alone.post("/logout", csrf=csrf)).status_code == 303
    assert (await alone.get("/policy")).status_code == 303


async def test_without_a_warehouse_the_pages_say_so_and_show_the_rest(alone: Browser) -> None:
    await alone.sign_in()
    for path in ("/", "/findings", "/telemetry"):
        answered = await alone.get(path)
        assert answered.status_code == 200
        assert "no warehouse is named" in answered.text


async def test_a_form_that_is_too_large_is_refused(alone: Browser) -> None:
    await alone.sign_in()
    assert (await alone.post("/logout", csrf="x" * (2 << 20))).status_code == 413


def test_only_paths_of_ours_are_gone_on_to() -> None:
    assert onward_of("/findings/1") == "/findings/1"
    for path in ("", "https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "/a\nb", "/login"):
        assert onward_of(path) == "/"
