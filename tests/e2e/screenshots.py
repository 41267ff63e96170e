"""`make screenshots`: the pages of a seeded shop under attack, as PNG files in docs/screenshots."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import FloatRect, Page, ViewportSize

from kernel.recommendations import Recommendation
from tests.console.serving import TOKEN, Served, served
from tests.console.web_proposals import proposal, propose
from tests.console.web_seed import attack, policy_of, seed
from tests.e2e.chromium import chromium, sign_in
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
        ("recommendations", "/recommendations"),
        ("recommendation", f"/recommendations/{proposed.id}"),
        ("policy", "/policy"),
        ("telemetry", "/telemetry"),
        ("board", "/boards/route?route=login"),
    ):
        page.goto(console.url + path)
        page.wait_for_load_state("networkidle")
        height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
        clip = FloatRect(x=0, y=0, width=SIZE["width"], height=height)
        page.screenshot(path=folder / f"{name}.png", full_page=True, clip=clip)


def main(folder: Path) -> None:
    """Start everything, take the pictures, stop everything."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, running_warehouse(Path(place) / "data") as warehouse:
        policy = Path(place) / "policy.yaml"
        policy.write_text(policy_of(TENANT))
        client = connect(warehouse.url)
        migrate(client)
        found = seed(client, TENANT, time.time())
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
            dark = browser.new_page(viewport=SIZE, color_scheme="dark")
            sign_in(dark, console.url, TOKEN)
            dark.wait_for_load_state("networkidle")
            dark.screenshot(path=folder / "overview-dark.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
