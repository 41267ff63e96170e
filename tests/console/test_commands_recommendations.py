"""`tidegate recommendations`, against a real control endpoint."""

import json

import msgspec

from console.commands.recommendations import app
from kernel.control import AskLease, PutRecommendations
from kernel.recommendations import patch_digest
from tests.console.recommended import recommendation
from tests.console.running import Ran, ran
from tests.console.serving import TOKEN, Served

ID = recommendation().id


def asked(control: Served, *arguments: str) -> Ran:
    return ran(app, *arguments, "--control", control.url, environment={"TIDEGATE_CONTROL_TOKEN": TOKEN})


def propose(control: Served) -> None:
    base = control.call.get("/v1/policy").json()["revision"]
    lease = msgspec.json.encode(AskLease("default", "a", 60.0))
    assert control.call.post("/v1/lease", content=lease).json()["held"]
    body = msgspec.json.encode(PutRecommendations("default", "a", (recommendation(base),)))
    assert control.call.put("/v1/recommendations", content=body).is_success


def test_open_ones_are_listed_and_shown(control: Served) -> None:
    propose(control)
    listed = asked(control, "list").out
    assert ID in listed
    assert listed.endswith("1 recommendation\n")
    shown = asked(control, "show", ID).out
    assert "+  - name: slow-down" in shown
    assert json.loads(asked(control, "show", ID, "--json").out)["state"] == "open"


def test_one_is_approved_in_a_mode_and_is_in_force(control: Served) -> None:
    propose(control)
    done = asked(control, "approve", ID, "--mode", "enforce", "--lasts-s", "600", "--reason", "looks right")
    assert "+  - name: slow-down" in done.out  # what is approved, before it is
    assert "slow-down in mode enforce until" in done.out
    assert "name: slow-down" in control.call.get("/v1/policy").json()["text"]
    assert asked(control, "list").out == "0 recommendations\n"
    assert ID in asked(control, "list", "--state", "approved").out


def test_the_change_that_was_shown_is_approved_and_no_other(control: Served) -> None:
    propose(control)
    digest = patch_digest(recommendation().patch)
    assert f"--patch {digest}" in asked(control, "show", ID).out
    for wrong, said in (("0" * 16, "has changed since you looked at it"), ("x", "is no digest")):
        done = asked(control, "approve", ID, "--reason", "r", "--patch", wrong)
        assert (done.code, said in done.complaint) == (2, True)
    assert asked(control, "approve", ID, "--reason", "r", "--patch", digest).code == 0


def test_one_is_rejected_with_a_reason(control: Served) -> None:
    propose(control)
    assert asked(control, "reject", ID, "--reason", "a partner").out == f"{ID} is rejected\n"
    assert "rejected by" in asked(control, "show", ID).out


def test_one_that_is_not_there_is_told(control: Served) -> None:
    for words in (("show", "gone"), ("reject", "gone", "--reason", "x")):
        unknown = asked(control, *words)
        assert unknown.code == 2
        assert "list --state all` lists those there are" in unknown.complaint
