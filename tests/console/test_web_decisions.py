"""The pages on which an operator decides, over a real application and store."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from kernel.patch import AddLimit, Patch
from kernel.policy import Limit
from kernel.recommendations import Recommendation, patch_digest
from tests.console.policies import Clock
from tests.console.web_proposals import RULE, proposal, propose
from tests.console.web_seed import policy_of
from tests.console.web_serving import Browser, browsing

NOW = 1_000.0


@pytest.fixture
def proposed() -> Recommendation:
    return proposal("default", NOW, finding="f00d")


@pytest_asyncio.fixture
async def browser(tmp_path: Path, clock: Clock, proposed: Recommendation) -> AsyncIterator[Browser]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(policy_of("default"))
    await propose(tmp_path, policy, clock, proposed)
    async with browsing(policy, "", clock) as browser:
        await browser.sign_in()
        yield browser


async def decide(browser: Browser, path: str, **form: str) -> tuple[int, str]:
    seen = {"patch": patch_digest(proposal("default", NOW, finding="f00d").patch)}
    fields = {"csrf": await browser.csrf(), "revision": browser.state.revision, **seen, **form}
    answered = await browser.post(path, **fields)
    return answered.status_code, answered.text


async def test_open_recommendations_are_listed_with_harm(browser: Browser, proposed: Recommendation) -> None:
    page = (await browser.get("/recommendations")).text
    assert f'<a href="/recommendations/{proposed.id}">' in page
    assert "1 of 412 legitimate identities, at most 1.15% with 95% confidence" in page


async def test_a_review_shows_diff_replay_bound_and_evidence(
    browser: Browser, proposed: Recommendation
) -> None:
    page = (await browser.get(f"/recommendations/{proposed.id}")).text
    assert f"<ins>+  - name: {RULE}" in page.replace("<ins>+- name", "<ins>+  - name")
    assert "3,420" in page
    assert "at most 1.15%" in page
    assert "python-&lt;b&gt;requests" in page
    assert "<code>no route</code>" in page
    assert page.count("<meter") == 3


async def test_approving_puts_the_rule_in_force_with_reason_and_expiry(
    browser: Browser, proposed: Recommendation
) -> None:
    path = f"/recommendations/{proposed.id}"
    status, _ = await decide(browser, path + "/approve", mode="enforce", hours="2", reason="it is an attack")
    assert status == 303
    reviewed = await browser.state.recommendation(proposed.id)
    assert reviewed.state == "approved"
    assert reviewed.approval is not None
    assert (reviewed.approval.expires_at, reviewed.approval.reason) == (NOW + 7_200, "it is an attack")
    assert RULE in (await browser.state.policy()).text
    page = (await browser.get(path)).text
    assert "promised by the replay" in page
    assert "/approve" not in page
    revision = (await browser.get(f"/revisions/{reviewed.approval.revision}")).text
    assert RULE in revision
    assert "It is in force" in revision


async def test_a_canary_takes_its_share_in_percent(browser: Browser, proposed: Recommendation) -> None:
    path = f"/recommendations/{proposed.id}/approve"
    assert (await decide(browser, path, mode="canary", canary="25", hours="1", reason="try"))[0] == 303
    approval = (await browser.state.recommendation(proposed.id)).approval
    assert approval is not None
    assert (approval.mode, approval.canary) == ("canary", 0.25)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"mode": "enforce", "reason": " "}, "say why"),
        ({"mode": "loud", "reason": "r"}, "choose a mode"),
        ({"mode": "enforce", "reason": "r", "hours": "x"}, "is no number"),
        ({"mode": "enforce", "reason": "r", "hours": "-1"}, "is not between"),
        ({"mode": "enforce", "reason": "kept", "revision": "0ld"}, "the policy has changed"),
        ({"mode": "enforce", "reason": "r", "patch": "0" * 16}, "has changed since you looked at it"),
        ({"mode": "enforce", "reason": "r", "patch": ""}, "open the page again"),
    ],
)
async def test_a_decision_that_cannot_be_taken_changes_nothing(
    browser: Browser, proposed: Recommendation, form: dict[str, str], says: str
) -> None:
    status, page = await decide(browser, f"/recommendations/{proposed.id}/approve", **form)
    assert status == 409
    assert "Nothing was changed" in page
    assert says in page
    assert (await browser.state.recommendation(proposed.id)).state == "open"


async def test_rejecting_keeps_the_reason(browser: Browser, proposed: Recommendation) -> None:
    path = f"/recommendations/{proposed.id}"
    assert (await decide(browser, path + "/reject", reason="a load test of ours"))[0] == 303
    page = (await browser.get(path)).text
    assert "a load test of ours" in page
    assert (await decide(browser, path + "/reject", reason="again"))[0] == 409


async def test_a_decision_needs_the_form_of_the_session(browser: Browser, proposed: Recommendation) -> None:
    path = f"/recommendations/{proposed.id}/approve"
    assert (await decide(browser, path, csrf="", mode="enforce", reason="r"))[0] == 403
    answered = await browser.post(
        path, site="cross-site", csrf=await browser.csrf(), mode="enforce", reason="r"
    )
    assert answered.status_code == 403
    assert (await browser.state.recommendation(proposed.id)).state == "open"


async def test_what_is_not_there_is_a_page(browser: Browser) -> None:
    for path in ("/recommendations/none", "/revisions/none"):
        answered = await browser.get(path)
        assert answered.status_code == 404
        assert "<h1>No such" in answered.text
    for path in ("/recommendations/none/approve", "/recommendations/none/reject", "/revisions/none/rollback"):
        assert (await decide(browser, path, mode="enforce", reason="r"))[0] == 404


async def test_an_edited_policy_is_checked_applied_and_rolled_back(browser: Browser) -> None:
    first = browser.state.revision
    text = policy_of("default").replace("burst: 20", "burst: 30")
    status, page = await decide(browser, "/policy/check", text=text.replace("\n", "\r\n"))
    assert status == 200
    assert "It is a good policy" in page
    assert "burst: 30" in page.partition("<ins>")[2]
    assert browser.state.revision == first
    assert (await decide(browser, "/policy/apply", text=text, reason="more at once"))[0] == 303
    assert (await browser.state.policy()).text == text
    assert "more at once" in (await browser.get("/policy")).text
    assert (await decide(browser, f"/revisions/{first}/rollback", reason="too much"))[0] == 303
    assert browser.state.revision == first


async def test_a_broken_policy_is_refused_with_its_reasons(browser: Browser) -> None:
    status, page = await decide(browser, "/policy/apply", text="routes: 3", reason="r")
    assert status == 409
    assert "It would be refused" in page
    assert "routes: 3</textarea>" in page


async def test_an_approval_that_was_undone_tells_why_and_stays_beside_the_next_proposal(
    browser: Browser, proposed: Recommendation
) -> None:
    path, first = f"/recommendations/{proposed.id}", browser.state.revision
    await decide(browser, path + "/approve", mode="enforce", hours="2", reason="it attacks")
    assert (await decide(browser, f"/revisions/{first}/rollback", reason="too strict"))[0] == 303
    page = (await browser.get(path)).text
    assert f"revision {first} has none of its rules (roll back policy: too strict)" in page
    assert "Withdrawn by " in page
    assert "Approved before" not in page
    await browser.state.take_lease("analytics-1", 60)
    await browser.state.propose("analytics-1", (proposed,))
    page = (await browser.get(path)).text
    assert "Approved before" in page
    assert "1 of 412, at most 1.15" in page
    assert f'action="{path}/approve"' in page


async def test_what_changed_since_the_page_was_loaded_is_shown_and_not_approved(
    browser: Browser, proposed: Recommendation
) -> None:
    path, seen = f"/recommendations/{proposed.id}", patch_digest(proposed.patch)
    assert f'name="patch" value="{seen}"' in (await browser.get(path)).text
    other = Patch("", (AddLimit(Limit(name="all-of-them", rate=0.1, burst=1)),))
    await browser.state.take_lease("analytics-1", 60)
    changed = msgspec.structs.replace(proposed, patch=other, rules=("all-of-them",), replay=None)
    await browser.state.propose("analytics-1", (changed,))
    status, page = await decide(browser, path + "/approve", mode="enforce", reason="seen", patch=seen)
    assert status == 409
    assert "it is about 1 rule now (all-of-them); look at it again" in page
    assert f'name="patch" value="{patch_digest(other)}"' in page
    assert "all-of-them" not in browser.state.rules
