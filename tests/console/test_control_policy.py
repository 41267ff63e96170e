"""The policy over HTTP."""

from console.tokens import SCHEME
from kernel.compile import revision_of
from tests.console.policies import ADAPTIVE
from tests.console.serving import Served

CHANGED = ADAPTIVE.replace("burst: 20", "burst: 30")


def test_a_write_names_the_revision_that_it_was_made_for(control: Served) -> None:
    etag = control.call.get("/v1/policy").headers["etag"]
    body = {"text": CHANGED, "reason": "more"}
    assert control.call.put("/v1/policy", json=body).status_code == 428
    written = control.call.put("/v1/policy", json=body, headers={"If-Match": etag})
    assert (written.status_code, written.headers["etag"]) == (200, f'"{revision_of(CHANGED)}"')
    stale = control.call.put("/v1/policy", json=body, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["revision"]) == (412, revision_of(CHANGED))


def test_a_write_has_the_name_of_its_token(control: Served) -> None:
    headers = {"If-Match": "*", "Authorization": f"{SCHEME} of-operator"}
    control.call.put("/v1/policy", json={"text": CHANGED, "reason": "more"}, headers=headers)
    (newest, _) = control.call.get("/v1/revisions").json()
    assert (newest["author"], newest["reason"]) == ("operator", "more")
    assert "burst: 30" in control.call.get(f"/v1/revisions/{newest['revision']}").json()["diff"]


def test_a_wrong_policy_is_refused_with_every_reason(control: Served) -> None:
    wrong = {"text": ADAPTIVE.replace("upstream: shop", "upstream: shpo"), "reason": "typo"}
    refused = control.call.put("/v1/policy", json=wrong, headers={"If-Match": "*"})
    assert refused.status_code == 422
    assert "shpo" in refused.json()["reasons"][0]
    assert not control.call.post("/v1/policy/check", json={"text": wrong["text"]}).json()["good"]


def test_a_rollback_puts_the_old_text_in_force(control: Served) -> None:
    first = control.call.get("/v1/policy").json()["revision"]
    changed = {"text": CHANGED, "reason": "more"}
    control.call.put("/v1/policy", json=changed, headers={"If-Match": "*"})
    back = {"revision": first, "reason": "worse"}
    answer = control.call.post("/v1/policy/rollback", json=back, headers={"If-Match": "*"})
    assert answer.json()["text"] == ADAPTIVE
    assert control.call.get("/v1/revisions/nope").status_code == 404
