from collections.abc import Iterator

import pytest

from analytics.control import Control, Unreachable
from kernel.control import Label, Lease, Loop, PolicyInForce, RevisionInFull, Status
from kernel.findings import Overlay
from kernel.recommendations import Realised
from kernel.replays import Bound, Job, ReplayRequest, Split
from tests.analytics.controls import TOKEN, Endpoint, endpoint
from tests.analytics.test_realising import approved

OVERLAY = Overlay("o1", "default", "per-client", "ip:203.0.113.9", 6.0, 15, "why", "f1", 1.0, 601.0)


@pytest.fixture
def told() -> Iterator[Endpoint]:
    with endpoint() as control:
        yield control


@pytest.fixture
def control(told: Endpoint) -> Iterator[Control]:
    calls = Control(told.url, "default", token=TOKEN, holder="me")
    yield calls
    calls.close()


def test_the_policy_and_the_loops_state_are_heard(control: Control, told: Endpoint) -> None:
    told.paused = True
    assert control.following("", -1).revision == "r1"
    assert control.loop().paused
    assert control.lease(10.0).held


def test_what_the_console_knows_is_heard(control: Control, told: Endpoint) -> None:
    nobody, running = Lease("", 0.0), Loop(False, "", 0.0)
    known = Status("default", "r1", "policy.yaml", ("1:1 wrong",), (), 1, (), nobody, running, (), 9.0)
    told.answers = {"/v1/status": known}
    assert control.status() == known


def test_overlays_are_replaced(control: Control, told: Endpoint) -> None:
    control.put([OVERLAY])
    assert told.overlays == (OVERLAY,)


def test_a_refusal_says_what_was_refused(control: Control, told: Endpoint) -> None:
    told.refuse = 409
    with pytest.raises(Unreachable, match="PUT /v1/overlays: 409"):
        control.put([OVERLAY])


def test_a_wrong_token_is_told(told: Endpoint) -> None:
    calls = Control(told.url, "default", token="wrong", holder="me")
    with pytest.raises(Unreachable, match="401"):
        calls.loop()
    calls.close()


def test_nobody_there_is_unreachable() -> None:
    calls = Control("http://127.0.0.1:9", "default", token="", holder="me")
    with pytest.raises(Unreachable):
        calls.loop()
    calls.close()


def test_proposals_are_told_in_the_words_of_the_endpoint(control: Control, told: Endpoint) -> None:
    control.recommend(())
    assert told.calls == ["PUT /v1/recommendations"]
    told.refuse = 404
    with pytest.raises(Unreachable, match="PUT /v1/recommendations: 404"):
        control.recommend(())


JOB = Job("j1", "default", ReplayRequest("p", 1.0, 2.0), "me", "cancelled", 0.5, 1.0, 1.0)


def test_replays_are_claimed_and_told_about(control: Control, told: Endpoint) -> None:
    told.answers = {"/v1/jobs/claim": JOB, "/v1/jobs/j1": JOB}
    assert control.claim_job() == JOB
    assert control.put_job("j1", "running", progress=0.5) == "cancelled"


def test_what_a_replay_needs_is_asked_for(control: Control, told: Endpoint) -> None:
    told.answers = {
        "/v1/labels": (Label("", "ip:1", "attack", "", "me", 1.0),),
        "/v1/policy": PolicyInForce("default", "r1", "new", "me", "", 1.0),
        "/v1/revisions/r0": RevisionInFull(1, "r0", "", "me", "", 1.0, text="old"),
        "/v1/recommendations/r1/realised": {},
    }
    assert control.labels()[0].identity == "ip:1"
    assert control.policy().text == "new"
    assert control.text_of("r0") == "old"
    assert control.text_of("") == told.text
    assert control.proposed() == []
    assert control.approved() == ()
    told.answers |= {"/v1/approvals": (), "/v1/recommendations/r1": approved()}
    assert control.kept() == ()
    assert control.reviewed("r1") == approved()
    control.put_realised(Realised("r1", 1.0, 2.0, Split(), Split(), Bound(0, 0, 1.0)))
    assert told.calls[-1] == "PUT /v1/recommendations/r1/realised"
