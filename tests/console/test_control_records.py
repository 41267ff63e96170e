"""Labels, markers, tokens, API keys and the backup over HTTP."""

from pathlib import Path

import pytest

from tests.console.policies import Clock
from tests.console.serving import Served

KEY = "ab" * 32


def test_a_label_is_of_a_finding_or_of_an_identity(control: Served) -> None:
    labels = [{"label": "attack", "finding": "f1"}, {"label": "legitimate", "identity": "ip:10.0.0.1"}]
    assert [control.call.post("/v1/labels", json=each).status_code for each in labels] == [200, 200]
    assert len(control.call.get("/v1/labels").json()) == 2
    assert control.call.post("/v1/labels", json={"label": "attack"}).status_code == 422


def test_a_marker_without_a_time_is_of_now(control: Served, clock: Clock) -> None:
    control.call.post("/v1/markers", json={"text": "v2"})
    (marker,) = control.call.get("/v1/markers").json()
    assert (marker["at"], marker["kind"], marker["text"]) == (clock.now, "deploy", "v2")


def test_a_token_proves_its_role_until_it_is_deleted(control: Served) -> None:
    made = control.call.post("/v1/tokens", json={"name": "ci", "role": "viewer"}).json()
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert control.call.get("/v1/status", headers=headers).status_code == 200
    assert control.call.get("/v1/tokens", headers=headers).status_code == 403
    assert "secret" not in control.call.get("/v1/tokens").json()[0]
    assert control.call.delete(f"/v1/tokens/{made['id']}").status_code == 204
    assert control.call.get("/v1/status", headers=headers).status_code == 401
    assert control.call.delete(f"/v1/tokens/{made['id']}").status_code == 404


@pytest.mark.parametrize(("sha256", "status"), [(KEY, 200), ("AB" * 32, 422), ("secret", 422)])
def test_a_key_is_revoked_by_its_hash(control: Served, sha256: str, status: int) -> None:
    answer = control.call.post("/v1/keys/revoke", json={"sha256": sha256, "reason": "leaked"})
    assert answer.status_code == status
    told = control.call.get("/v1/follow", params={"timeout_s": "0"}).json()["revoked"]
    assert told == [each["sha256"] for each in control.call.get("/v1/keys/revoked").json()]
    assert (KEY in told) == (status == 200)


def test_a_backup_that_cannot_be_written_is_told_with_its_reason(control: Served, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("no directory")
    answer = control.call.post("/v1/backup")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "no backup was made" in answer.json()["detail"]
    assert "backups" in answer.json()["detail"]


def test_a_backup_lies_below_the_data_directory(control: Served, tmp_path: Path) -> None:
    made = control.call.post("/v1/backup").json()
    assert Path(made["path"]).is_relative_to(tmp_path)
    assert Path(made["path"]).stat().st_size == made["bytes"]
    assert control.call.get("/v1/audit").json()[0]["what"] == "back up"
