"""The loop over HTTP; following, overlays and the lease are in test_control."""

from tests.console.serving import Served


def test_pausing_is_audited_with_its_author_and_reason(control: Served) -> None:
    control.call.put("/v1/loop", json={"tenant": "default", "paused": True, "reason": "incident 12"})
    (newest, *_) = control.call.get("/v1/audit").json()
    assert (newest["what"], newest["author"], newest["detail"]) == ("pause loop", "keyring", "incident 12")
    assert control.call.get("/v1/status").json()["revision_author"] == "file"
