"""The pages in real Chromium: no page may complain, and each shows what it is for."""

import asyncio
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, StorageState

from console.web.rendering import STATIC, VENDOR
from kernel.findings import Finding
from tests.console.serving import TOKEN, Served, served
from tests.console.web_proposals import RULE, proposal, propose
from tests.console.web_seed import ATTACKER, policy_of, seed, tell
from tests.e2e.chromium import CHROMIUM, PATIENCE_MS, Complaints, chromium, sign_in, wait_for_charts
from warehouse.client import connect

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM}"),
]
TENANT = "chromium"
BOARDS = (
    "/boards/overview",
    "/boards/route?route=login",
    "/boards/findings",
    "/boards/policy",
    "/boards/health",
)
PATHS = (
    *BOARDS,
    "/",
    "/findings",
    "/recommendations",
    "/policy",
    "/policy/edit",
    "/replays",
    "/audit",
    "/telemetry",
    "/alerts",
    "/automation",
    "/keys",
    "/tokens",
)
has_vendor = all((STATIC / "vendor" / name).is_file() for name in VENDOR)
needs_vendor = pytest.mark.skipif(not has_vendor, reason="htmx and uPlot were not fetched: make vendor")


@pytest.fixture(scope="module")
def attacked(warehouse_url: str) -> Finding:
    client = connect(warehouse_url)
    found = seed(client, TENANT, time.time())
    tell(client, TENANT, time.time(), finding=found.id)
    client.close()
    return found


@pytest.fixture(scope="module")
def console(
    tmp_path_factory: pytest.TempPathFactory, warehouse_url: str, attacked: Finding
) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("console")
    policy = directory / "policy.yaml"
    policy.write_text(policy_of(TENANT))
    proposed = proposal(TENANT, time.time(), finding=attacked.id)
    # Playwright's loop runs in this thread already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(propose(directory, policy, time.time, proposed))).result()
    with served(directory, policy, time.time, warehouse=warehouse_url) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def signed_in(browser: Browser, console: Served) -> StorageState:
    """A session's cookie: signing in once is enough."""
    context = browser.new_context()
    sign_in(context.new_page(), console.url, TOKEN)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(browser: Browser, console: Served, signed_in: StorageState) -> Iterator[Page]:
    """The overview, signed in; the test fails where any page complains."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, storage_state=signed_in)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    complaints = Complaints(page)
    page.goto(console.url)
    yield page
    context.close()
    assert complaints.heard == []


@pytest.mark.parametrize("path", PATHS)
def test_no_page_complains(page: Page, console: Served, path: str) -> None:
    page.goto(console.url + path)
    wait_for_charts(page)
    assert page.locator("h1").count() == 1


def wait_for_renewal(page: Page) -> None:
    """Until the live part tells a later time."""
    before = page.locator("#live h1").inner_text()
    page.wait_for_function("before => document.querySelector('#live h1').innerText !== before", arg=before)


def test_a_newcomer_reads_who_attacks_what(page: Page) -> None:
    first = page.locator("article.finding").first
    assert first.get_by_role("heading", level=2).inner_text() == "▲ critical Client burst on route login"
    assert ATTACKER in first.inner_text()


@needs_vendor
def test_charts_are_drawn_and_the_live_part_is_renewed(page: Page) -> None:
    are_drawn = "() => document.querySelectorAll('.plot.drawn canvas').length === 2"
    page.wait_for_function(are_drawn)
    wait_for_renewal(page)
    page.wait_for_function(are_drawn)


@needs_vendor
def test_charts_follow_the_width_of_the_window_and_tell_values_under_the_pointer(page: Page) -> None:
    wide = page.locator(".plot.drawn canvas").first.bounding_box()
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function(
        "wide => document.querySelector('.plot.drawn canvas').clientWidth !== wide",
        arg=round(wide["width"]) if wide else 0,
    )
    value = page.locator(".u-value").nth(1)
    assert not value.is_visible()
    page.locator(".plot").first.hover()
    assert value.is_visible()


@pytest.mark.parametrize("path", ["/findings", "/recommendations", "/audit", "/"])
def test_no_text_is_cut_at_800_pixels(page: Page, console: Served, path: str) -> None:
    page.set_viewport_size({"width": 800, "height": 900})
    page.goto(console.url + path)
    cut = "[...document.querySelectorAll('.wide')].filter(it => it.scrollWidth > it.clientWidth).length"
    assert page.evaluate(cut) == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 800


@needs_vendor
@pytest.mark.parametrize("path", ["/findings", "/alerts"])
def test_lists_are_renewed_by_themselves(page: Page, console: Served, path: str) -> None:
    page.goto(console.url + path)
    page.evaluate("document.querySelector('#live h1').dataset.seen = 'before'")
    page.wait_for_function("() => !document.querySelector('#live h1').dataset.seen")


@needs_vendor
def test_a_change_of_control_is_seen_at_once(page: Page, console: Served) -> None:
    body = {"tenant": TENANT, "paused": True, "reason": "a sale begins"}
    assert console.call.put("/v1/loop", json=body).status_code == 200
    page.get_by_text("a sale begins").wait_for()
    assert console.call.put("/v1/loop", json=body | {"paused": False}).status_code == 200
    page.get_by_text("a sale begins").wait_for(state="detached")


@needs_vendor
def test_a_page_streams_however_late_its_scripts_come(page: Page, console: Served) -> None:
    def late(route: Route) -> None:
        time.sleep(0.3)  # on its way
        route.continue_()

    page.route("**/hx-sse.min.js", late)
    with page.expect_request("**/live/events", timeout=5_000):
        page.goto(console.url)


@needs_vendor
def test_a_page_whose_stream_breaks_goes_on_by_asking(
    browser: Browser, console: Served, signed_in: StorageState
) -> None:
    context = browser.new_context(storage_state=signed_in)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.clock.install()
    page.route("**/live/events", lambda route: route.abort())
    page.goto(console.url)
    with page.expect_response("**/live"):
        page.clock.fast_forward(10_000)
    assert not page.locator("#stale").is_visible()
    page.route("**/live", lambda route: route.abort())
    page.clock.fast_forward(10_000)
    page.locator("#stale").wait_for()
    page.unroute("**/live")
    page.clock.fast_forward(2_000)
    page.locator("#stale").wait_for(state="hidden")
    context.close()


@needs_vendor
def test_who_signs_out_elsewhere_is_led_to_the_form(browser: Browser, console: Served) -> None:
    context = browser.new_context()
    page, other = context.new_page(), context.new_page()
    sign_in(page, console.url, TOKEN)
    other.goto(f"{console.url}/policy")
    page.bring_to_front()
    other.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/login"))
    context.close()


@needs_vendor
def test_the_live_part_stays_still_while_a_table_is_open(page: Page) -> None:
    page.get_by_text("As a table").first.click()
    page.evaluate(
        """() => {
             window.refused = [];
             document.addEventListener("htmx:sse:before:message",
               (event) => setTimeout(() => window.refused.push(event.defaultPrevented)));
           }"""
    )
    page.wait_for_function("() => window.refused.length > 1")
    assert page.evaluate("() => window.refused.every((each) => each)")
    assert page.locator("details[open] table").first.is_visible()


def test_a_finding_is_reached_by_keyboard_and_focus_is_seen(page: Page, attacked: Finding) -> None:
    link = page.get_by_role("link", name="Evidence").first
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert link.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/findings/{attacked.id}")
    assert page.get_by_role("heading", name="Evidence").is_visible()


def test_pages_work_without_script(browser: Browser, console: Served) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, console.url, TOKEN)
    page.get_by_text("As a table").first.click()
    assert page.locator("details[open] table").first.is_visible()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{console.url}/login")
    context.close()


def test_dark_mode_has_dark_ground(browser: Browser, console: Served, tmp_path: Path) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    complaints = Complaints(page)
    page.goto(f"{console.url}/login")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()
    assert ground == "rgb(16, 22, 28)"
    assert complaints.heard == []


def test_an_operator_reviews_approves_and_sees_the_revision(page: Page, console: Served) -> None:
    page.get_by_role("link", name="Recommendations", exact=True).click()
    page.get_by_role("link", name="Limit each client").click()
    assert page.get_by_role("heading", name="What it would have done").is_visible()
    assert page.get_by_text(f"name: {RULE}").is_visible()
    form = page.locator("form", has=page.get_by_role("heading", name="Approve"))
    form.get_by_label("shadow").check()
    form.get_by_label("Why").fill("look first")
    form.get_by_role("button", name="Approve").click()
    page.get_by_role("heading", name="What was decided").wait_for()
    assert page.get_by_text("It watches in shadow: it refuses nobody.").is_visible()
    page.locator("a[href^='/revisions/']").click()
    assert page.get_by_text("It is in force").is_visible()
    assert RULE in page.locator("ins").all_inner_texts()[0]
    assert RULE in console.call.get("/v1/follow", params={"tenant": TENANT, "timeout_s": 0}).json()["policy"]


def test_an_admin_makes_a_token_whose_secret_is_shown_once(page: Page, console: Served) -> None:
    page.goto(f"{console.url}/tokens")
    page.get_by_label("Name").fill("ana")
    page.get_by_label("operator").check()
    page.get_by_role("button", name="Make it").click()
    assert len(page.locator(".secret").inner_text()) > 20
    page.goto(f"{console.url}/tokens")
    assert page.locator(".secret").count() == 0
    page.get_by_role("button", name="Delete the token ana").click()
    page.get_by_text("None was made.").wait_for()


def test_an_operator_pauses_automation_and_the_header_says_so(page: Page, console: Served) -> None:
    page.get_by_role("link", name="automatic").click()
    page.get_by_label("Why").fill("a sale begins")
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("link", name="paused").wait_for()
    page.get_by_label("Why").fill("it is over")
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("link", name="automatic").wait_for()
