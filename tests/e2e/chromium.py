"""Real Chromium, by Playwright: what every page's test and the screenshots use."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 15_000


class Complaints:
    """What a page told its console: errors, warnings, violations of its policy and uncaught exceptions."""

    def __init__(self, page: Page) -> None:
        self.heard: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", self._threw)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard.append(message.text)

    def _threw(self, error: Error) -> None:
        self.heard.append(str(error))


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for the length of a with block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()


def sign_in(page: Page, url: str, token: str) -> None:
    """Through the form, as people do it."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{url}/login")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}/")


def wait_for_charts(page: Page) -> None:
    """Until every chart is drawn; at once where uPlot was not fetched. A page with a stream is never idle.

    A function: a bare expression is evaluated by eval, which the pages' policy forbids.
    """
    page.wait_for_function("() => !window.uPlot || !document.querySelector('.plot:not(.drawn)')")
