"""Replays and the audit as pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from kernel.control import PutJob
from tests.console.policies import ADAPTIVE, Clock
from tests.console.web_proposals import replay
from tests.console.web_serving import Browser, browsing


@pytest_asyncio.fixture
async def browser(policy: Path, clock: Clock) -> AsyncIterator[Browser]:
    async with browsing(policy, "", clock) as browser:
        await browser.sign_in()
        yield browser


async def ask(browser: Browser, text: str, span: str = "15 min") -> tuple[int, str]:
    answered = await browser.post("/replays", csrf=await browser.csrf(), text=text, span=span)
    return answered.status_code, answered.headers.get("location", answered.text)


async def test_a_replay_is_asked_followed_and_read(browser: Browser) -> None:
    status, place = await ask(browser, ADAPTIVE.replace("burst: 20", "burst: 30"))
    assert status == 303
    waiting = (await browser.get(place)).text
    assert "<b>queued</b>" in waiting
    assert 'http-equiv="refresh"' in waiting
    assert "+    burst: 30" in waiting
    job = await browser.state.claim_job("worker")
    assert job is not None
    assert job.request.until - job.request.since == 900
    await browser.state.put_job(job.id, PutJob("worker", "done", 1.0, replay(1_000.0)))
    done = (await browser.get(place)).text
    assert "3,420" in done
    assert 'http-equiv="refresh"' not in done
    assert "3,420 requests of 1 identity" in (await browser.get("/replays")).text


async def test_a_replay_is_cancelled(browser: Browser) -> None:
    _, place = await ask(browser, ADAPTIVE)
    assert (await browser.post(f"{place}/cancel", csrf=await browser.csrf())).status_code == 303
    assert "<b>cancelled</b>" in (await browser.get(place)).text


async def test_a_text_that_is_no_policy_is_not_replayed(browser: Browser) -> None:
    status, page = await ask(browser, "routes: 3")
    assert status == 422
    assert "It would be refused" in page
    assert await browser.state.jobs() == ()


async def test_a_replay_that_is_not_there_is_a_page(browser: Browser) -> None:
    assert (await browser.get("/replays/none")).status_code == 404
    assert (await browser.post("/replays/none/cancel", csrf=await browser.csrf())).status_code == 404


async def test_the_audit_tells_who_did_what(browser: Browser) -> None:
    await ask(browser, ADAPTIVE)
    page = (await browser.get("/audit")).text
    assert "ask for replay" in page
    assert "admin" in page


async def test_a_finding_is_labelled_with_a_reason(browser: Browser) -> None:
    csrf = await browser.csrf()
    told = await browser.post("/findings/f00d/label", csrf=csrf, label="legitimate", reason="our load test")
    assert (told.status_code, told.headers["location"]) == (303, "/findings/f00d")
    label = (await browser.state.labels())[0]
    assert (label.finding, label.label, label.reason) == ("f00d", "legitimate", "our load test")
    for form in ({"label": "attack", "reason": ""}, {"label": "friendly", "reason": "r"}):
        assert (await browser.post("/findings/f00d/label", csrf=csrf, **form)).status_code == 422
