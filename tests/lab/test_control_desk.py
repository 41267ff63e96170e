"""lab.control_desk: the demo's operator decides with a token that may decide and no more."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from console.asking import Asker, NoAnswer
from kernel.control import Approve, AskToken, AuditEntry, MadeToken
from kernel.recommendations import patch_digest
from lab.control_desk import NAME, OPERATOR, ControlDesk, operators_desk
from tests.console.policies import ADAPTIVE, Clock
from tests.console.proposing import recommendation
from tests.console.serving import TOKEN, Served, served

FUTURE = 4e9  # the endpoint judges tokens by its own clock, which is behind that
PROPOSED = msgspec.structs.replace(recommendation(), expires_at=FUTURE + 3_600.0)
ASKED = Approve("enforce", "seen", patch_digest(PROPOSED.patch), lasts_s=60)


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Served]:
    """A control endpoint with a recommendation that waits."""
    (tmp_path / "policy.yaml").write_text(ADAPTIVE)
    with served(tmp_path, tmp_path / "policy.yaml", Clock(FUTURE)) as endpoint:
        endpoint.call.post("/v1/lease", json={"tenant": "default", "holder": "a", "ttl_s": 30})
        body = {"tenant": "default", "holder": "a"}
        proposed = {"recommendations": [msgspec.to_builtins(PROPOSED)]}
        assert endpoint.call.put("/v1/recommendations", json=body | proposed).status_code == 200
        yield endpoint


def test_what_is_proposed_is_reviewed_and_approved_once_by_the_operator(control: Served) -> None:
    desk = operators_desk(control.url, TOKEN)
    (proposed,) = desk.proposed()
    which = proposed.recommendation.id
    assert "+  - name: slow-down" in desk.review(which).diff
    approved = desk.approve(which, ASKED)
    assert approved.approval is not None
    assert (approved.approval.mode, approved.author) == ("enforce", OPERATOR)
    assert desk.proposed() == ()
    with pytest.raises(NoAnswer, match="approved already"):
        desk.approve(which, ASKED)
    author = Asker(NAME, control.url, TOKEN).get("/v1/audit", tuple[AuditEntry, ...])[0].author
    assert author == OPERATOR


def test_the_operator_can_make_no_tokens(control: Served) -> None:
    made = Asker(NAME, control.url, TOKEN).post("/v1/tokens", AskToken("x", "operator"), MadeToken)
    with pytest.raises(NoAnswer, match="answered 403"):
        operators_desk(control.url, made.secret)


def test_who_may_only_read_approves_nothing(control: Served) -> None:
    desk = ControlDesk(Asker(NAME, control.url, "of-viewer"))
    with pytest.raises(NoAnswer, match="answered 403"):
        desk.approve(PROPOSED.id, ASKED)
