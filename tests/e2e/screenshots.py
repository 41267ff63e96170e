"""`make screenshots`: the pages of a seeded shop under attack, as PNG files in docs/screenshots."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import FloatRect, Page, ViewportSize

from kernel.recommendations import Recommendation
from tests.console.serving import TOKEN, Served, served
from tests.console.web_proposals import RULE, proposal, propose
from tests.console.web_seed import ATTACKER, attack, follow, policy_of, seed, tell
from tests.e2e.chromium import chromium, sign_in, wait_for_charts
from tests.warehouse.event_rows import insert_rows, row
from tests.warehouse_server import running_warehouse
from warehouse.client import connect
from warehouse.migrate import migrate

TENANT = "shop"
TALLEST = 1_300  # pixels: a picture that a document shows
SIZE = ViewportSize(width=1180, height=760)


def take(page: Page, console: Served, proposed: Recommendation, folder: Path) -> None:
    """One picture of each page."""
    for name, path in (
        ("overview", "/"),
        ("findings", "/findings"),
        ("finding", f"/findings/{proposed.finding}"),
        ("alerts", "/alerts"),
        ("recommendations", "/recommendations"),
        ("recommendation", f"/recommendations/{proposed.id}"),
        ("policy", "/policy"),
        ("telemetry", "/telemetry"),
        ("automation", "/automation"),
        ("keys", "/keys"),
        ("tokens", "/tokens"),
        ("board", "/boards/route?route=login"),
        ("board-findings", "/boards/findings"),
    ):
        page.goto(console.url + path)
        shoot(page, folder / f"{name}.png")


def shoot(page: Page, file: Path) -> None:
    """The page as it is now, once its charts are drawn."""
    wait_for_charts(page)
    height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
    clip = FloatRect(x=0, y=0, width=SIZE["width"], height=height)
    page.screenshot(path=file, full_page=True, clip=clip)


def approve(page: Page, console: Served, proposed: Recommendation) -> None:
    """By hand, as the review page asks for it."""
    page.goto(f"{console.url}/recommendations/{proposed.id}")
    form = page.locator("form", has=page.get_by_role("heading", name="Approve"))
    form.get_by_label("enforce").check()
    form.get_by_label("Why").fill("the replay harms one of 412 at most")
    form.get_by_role("button", name="Approve").click()
    page.get_by_text("It is in force.").wait_for()


def refuse(url: str) -> None:
    """What the approved rule refuses from now on."""
    client = connect(url)
    met = {"route": "login", "status": 429, "decision": "refused", "rule": RULE, "identity": ATTACKER}
    rows = [row(TENANT, 1_000_000 + each, ended_at=time.time(), **met) for each in range(240)]
    insert_rows(client, rows, token="approved")
    client.close()


def main(folder: Path) -> None:
    """Start everything, take the pictures, stop everything."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, running_warehouse(Path(place) / "data") as warehouse:
        policy = Path(place) / "policy.yaml"
        policy.write_text(policy_of(TENANT))
        client = connect(warehouse.url)
        migrate(client)
        found = seed(client, TENANT, time.time())
        tell(client, TENANT, time.time(), finding=found.id)
        client.close()
        proposed = proposal(TENANT, time.time(), finding=found.id)
        asyncio.run(propose(Path(place), policy, time.time, proposed))
        with (
            served(Path(place), policy, time.time, warehouse=warehouse.url) as console,
            chromium() as browser,
        ):
            attack(console.call, TENANT, time.time(), finding=found.id)
            page = browser.new_page(viewport=SIZE)
            sign_in(page, console.url, TOKEN)
            take(page, console, proposed, folder)
            approve(page, console, proposed)
            follow(console.call, TENANT)
            refuse(warehouse.url)
            page.reload()
            shoot(page, folder / "enforced.png")
            dark = browser.new_page(viewport=SIZE, color_scheme="dark")
            sign_in(dark, console.url, TOKEN)
            shoot(dark, folder / "overview-dark.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
