"""Recommendations and jobs over HTTP."""

from pathlib import Path

import msgspec

from kernel.control import ReviewInFull
from tests.console.policies import ADAPTIVE
from tests.console.proposing import realised, recommendation
from tests.console.serving import Served

WHICH = recommendation().id
ONE = f"/v1/recommendations/{WHICH}"
REQUEST = {"policy": ADAPTIVE, "since": 0.0, "until": 1.0}


def propose(control: Served) -> None:
    control.call.post("/v1/lease", json={"tenant": "default", "holder": "a", "ttl_s": 30})
    body = {
        "tenant": "default",
        "holder": "a",
        "recommendations": [msgspec.to_builtins(recommendation())],
    }
    assert control.call.put("/v1/recommendations", json=body).status_code == 200


def test_a_recommendation_is_proposed_shown_approved_and_realised(control: Served) -> None:
    propose(control)
    (listed,) = control.call.get("/v1/recommendations", params={"state": "open"}).json()
    assert listed["recommendation"]["id"] == WHICH
    shown = control.call.get(ONE)
    read = msgspec.json.decode(shown.content, type=ReviewInFull)
    assert "+  - name: slow-down" in read.diff
    asked = {"mode": "canary", "canary": 0.5, "lasts_s": 60, "reason": "seen", "patch": read.patch}
    assert control.call.post(f"{ONE}/approve", json=asked).status_code == 428
    headers = {"If-Match": control.call.get("/v1/policy").headers["etag"]}
    other = control.call.post(f"{ONE}/approve", json={**asked, "patch": "0" * 16}, headers=headers)
    assert (other.status_code, "it is about 1 rule now" in other.json()["detail"]) == (409, True)
    approved = control.call.post(f"{ONE}/approve", json=asked, headers=headers).json()
    assert (approved["state"], approved["approval"]["mode"]) == ("approved", "canary")
    assert "slow-down" in control.call.get("/v1/policy").json()["text"]
    told = control.call.put(f"{ONE}/realised", json=msgspec.to_builtins(realised(WHICH)))
    assert told.json()["realised"]["legitimate"]["requests"] == 0
    again = control.call.post(f"{ONE}/approve", json=asked, headers={"If-Match": "*"})
    assert again.status_code == 409
    (kept,) = control.call.get("/v1/approvals").json()
    assert (kept["recommendation"], kept["patch"], kept["ended_at"]) == (WHICH, read.patch, 0.0)
    assert control.call.get("/v1/approvals", params={"recommendation": "none"}).json() == []


def test_a_follower_keeps_an_approved_rule_when_the_watched_file_is_saved(
    control: Served, policy: Path
) -> None:
    propose(control)
    digest = control.call.get(ONE).json()["patch"]
    asked = {"mode": "enforce", "lasts_s": 60, "reason": "seen", "patch": digest}
    headers = {"If-Match": control.call.get("/v1/policy").headers["etag"]}
    approved = control.call.post(f"{ONE}/approve", json=asked, headers=headers).json()
    policy.write_text(ADAPTIVE + "# a comment\n")
    query = {"tenant": "default", "revision": approved["approval"]["revision"], "proxy": "p1"}
    version = control.call.get("/v1/status").json()["overlays_version"]
    told = control.call.get("/v1/follow", params={**query, "overlays": version, "timeout_s": 15}).json()
    assert "# a comment" in told["policy"]
    assert "slow-down" in told["policy"]
    assert control.call.get(ONE).json()["state"] == "approved"


def test_a_rejection_has_a_reason(control: Served) -> None:
    propose(control)
    assert control.call.post(f"{ONE}/reject", json={"reason": ""}).status_code == 422
    rejected = control.call.post(f"{ONE}/reject", json={"reason": "a partner"}).json()
    assert (rejected["state"], rejected["rejected_because"]) == ("rejected", "a partner")


def test_a_proposal_is_taken_back_by_who_made_it(control: Served) -> None:
    propose(control)
    body = {"tenant": "default", "holder": "a", "recommendations": []}
    reasons = [{"recommendation": WHICH, "reason": ""}]
    assert control.call.put("/v1/recommendations", json={**body, "withdrawn": reasons}).status_code == 422
    reasons = [{"recommendation": WHICH, "reason": "it is over"}]
    gone = control.call.put("/v1/recommendations", json={**body, "withdrawn": reasons})
    assert (gone.status_code, gone.json()) == (200, [])
    (listed,) = control.call.get("/v1/recommendations", params={"state": "withdrawn"}).json()
    assert listed["withdrawn_because"] == "it is over"
    other = {**body, "holder": "b", "withdrawn": reasons}
    assert control.call.put("/v1/recommendations", json=other).status_code == 409


def test_a_job_is_asked_for_claimed_worked_on_and_cancelled(control: Served) -> None:
    claim = {"tenant": "default", "holder": "w1"}
    assert control.call.post("/v1/jobs/claim", json=claim).status_code == 204
    asked = control.call.post("/v1/jobs", json=REQUEST)
    assert (asked.status_code, asked.json()["state"]) == (201, "queued")
    job = control.call.post("/v1/jobs/claim", json=claim).json()
    where = f"/v1/jobs/{job['id']}"
    half = {"holder": "w1", "state": "running", "progress": 0.5}
    assert control.call.put(where, json=half).json()["progress"] == 0.5
    assert control.call.put(where, json={**half, "holder": "w2"}).status_code == 409
    assert control.call.post(f"{where}/cancel").json()["state"] == "cancelled"
    assert control.call.put(where, json=half).json()["state"] == "cancelled"
    assert [each["id"] for each in control.call.get("/v1/jobs").json()] == [job["id"]]
    assert control.call.get("/v1/jobs/nope").status_code == 404
