"""Tokens, API keys and automation: made, ended and paused by forms, by whom the role allows it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from console.web.access import NamedKey, keys_of, to_token
from kernel.control import AskToken
from tests.console.policies import Clock
from tests.console.web_seed import answer, policy_of
from tests.console.web_serving import Browser, browsing

DIGEST = "ab" * 32
CONSUMERS = f"""\
consumers:
  - name: partner
    keys: [{{sha256: {DIGEST}, name: spring}}]
"""


@pytest_asyncio.fixture
async def browser(tmp_path: Path, clock: Clock) -> AsyncIterator[Browser]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of("default") + CONSUMERS)
    async with browsing(policy, "", clock) as browser:
        await browser.sign_in()
        yield browser


async def as_role(browser: Browser, role: str) -> None:
    """Sign in anew with a token of this role alone."""
    made = await browser.state.make_token(AskToken(f"some-{role}", role), author="test")  # type: ignore[arg-type]  # one of the roles
    assert (await browser.post("/login", token=made.secret)).status_code == 303


async def test_a_token_is_made_its_secret_is_told_once_and_it_is_deleted(browser: Browser) -> None:
    form = {"csrf": await browser.csrf(), "name": "ana", "role": "operator", "hours": "0"}
    made = await browser.post("/tokens", **form)
    assert made.status_code == 201
    (known,) = await browser.state.tokens()
    assert (known.name, known.role, known.expires_at) == ("ana", "operator", 0)
    secret = made.text.partition('<code class="secret">')[2].partition("<")[0]
    assert (await browser.post("/login", token=secret)).status_code == 303
    await browser.sign_in()
    again = (await browser.get("/tokens")).text
    assert "ana" in again
    assert secret not in again
    path = f"/tokens/{known.id}/delete"
    assert (await browser.post(path, csrf=await browser.csrf())).status_code == 303
    assert await browser.state.tokens() == ()
    assert (await browser.post(path, csrf=await browser.csrf())).status_code == 404


def test_a_token_ends_after_the_hours_that_are_asked_for() -> None:
    assert to_token({"name": " ana ", "role": "viewer", "hours": "8"}) == AskToken("ana", "viewer", 28_800)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a b"},
        {"name": "file"},
        {"name": ""},
        {"role": "owner"},
        {"hours": "x"},
        {"hours": "9999999"},
    ],
)
async def test_a_token_that_is_asked_for_wrongly_is_not_made(browser: Browser, wrong: dict[str, str]) -> None:
    form = {"csrf": await browser.csrf(), "name": "ana", "role": "viewer", "hours": "0", **wrong}
    told = await browser.post("/tokens", **form)
    assert (told.status_code, "Nothing was changed" in told.text) == (422, True)
    assert await browser.state.tokens() == ()


async def test_a_key_of_the_policy_is_revoked_with_a_reason(browser: Browser) -> None:
    page = (await browser.get("/keys")).text
    assert "partner" in page
    assert f'href="/keys?sha256={DIGEST}#revoke"' in page
    assert f'value="{DIGEST}"' in (await browser.get(f"/keys?sha256={DIGEST}")).text
    form = {"csrf": await browser.csrf(), "sha256": DIGEST.upper(), "reason": "it leaked"}
    assert (await browser.post("/keys", **form)).status_code == 303
    (key,) = await browser.state.revoked_keys()
    assert (key.sha256, key.reason) == (DIGEST, "it leaked")
    assert "<b>revoked</b>" in (await browser.get("/keys")).text


@pytest.mark.parametrize("wrong", [{"sha256": "abc"}, {"reason": " "}])
async def test_a_key_that_is_named_wrongly_is_not_revoked(browser: Browser, wrong: dict[str, str]) -> None:
    form = {"csrf": await browser.csrf(), "sha256": DIGEST, "reason": "r", **wrong}
    assert (await browser.post("/keys", **form)).status_code == 422
    assert await browser.state.revoked_keys() == ()


async def test_automation_is_paused_and_resumed_and_every_page_says_so(browser: Browser) -> None:
    await browser.state.take_lease("analytics", 30)
    await browser.state.put_overlays("analytics", (answer("default", 1_000.0, finding="f00d"),))
    assert "set to <b>2 requests/s</b>" in (await browser.get("/automation")).text
    form = {"csrf": await browser.csrf(), "reason": "a sale begins"}
    assert (await browser.post("/automation", act="pause", **form)).status_code == 303
    assert browser.state.loop().paused
    page = (await browser.get("/automation")).text
    assert "a sale begins" in page
    assert 'value="resume"' in page
    assert "paused" in (await browser.get("/policy")).text
    assert (await browser.post("/automation", act="resume", **form)).status_code == 303
    assert not browser.state.loop().paused


@pytest.mark.parametrize("wrong", [{"act": "stop"}, {"reason": ""}])
async def test_automation_is_not_paused_without_a_word(browser: Browser, wrong: dict[str, str]) -> None:
    form = {"csrf": await browser.csrf(), "act": "pause", "reason": "r", **wrong}
    assert (await browser.post("/automation", **form)).status_code == 422
    assert not browser.state.loop().paused


async def test_a_viewer_sees_no_buttons_and_changes_nothing(browser: Browser) -> None:
    await as_role(browser, "viewer")
    for path in ("/keys", "/automation"):
        main = (await browser.get(path)).text.partition("<main")[2]
        assert "<form" not in main
        assert "/tokens" not in main
        sent = await browser.post(path, csrf=await browser.csrf(), sha256=DIGEST, reason="r", act="pause")
        assert sent.status_code == 403
    assert (await browser.get("/tokens")).status_code == 403
    assert (await browser.state.revoked_keys(), browser.state.loop().paused) == ((), False)


async def test_an_operator_decides_and_makes_no_tokens(browser: Browser) -> None:
    await as_role(browser, "operator")
    csrf = await browser.csrf()
    assert (await browser.get("/tokens")).status_code == 403
    assert (await browser.post("/tokens", csrf=csrf, name="x", role="admin")).status_code == 403
    assert (await browser.post("/keys", csrf=csrf, sha256=DIGEST, reason="r")).status_code == 303
    assert (await browser.post("/automation", csrf=csrf, act="pause", reason="r")).status_code == 303


@pytest.mark.parametrize("path", ["/tokens", "/tokens/x/delete", "/keys", "/automation"])
async def test_a_form_needs_the_csrf_token_of_its_session(browser: Browser, path: str) -> None:
    form = {"name": "x", "role": "viewer", "sha256": DIGEST, "reason": "r", "act": "pause"}
    assert (await browser.post(path, csrf="", **form)).status_code == 403
    sent = await browser.post(path, csrf=await browser.csrf(), site="cross-site", **form)
    assert sent.status_code == 403


def test_keys_are_those_of_a_policy_that_can_be_read() -> None:
    text = policy_of("default") + CONSUMERS
    assert keys_of(text, 1_000.0) == (NamedKey("partner", "spring", DIGEST),)
    assert keys_of("routes: 3", 1_000.0) == ()
