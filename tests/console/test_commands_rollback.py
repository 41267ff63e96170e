"""`tidegate rollback`, against a real control endpoint."""

import json

from console.commands.rollback import app
from tests.console.policies import ADAPTIVE
from tests.console.running import Ran, ran
from tests.console.serving import TOKEN, Served


def rolled(control: Served, *arguments: str) -> Ran:
    return ran(app, *arguments, "--control", control.url, environment={"TIDEGATE_CONTROL_TOKEN": TOKEN})


def test_an_earlier_revision_is_put_in_force_again(control: Served) -> None:
    first = control.call.get("/v1/policy").json()["revision"]
    body = {"text": ADAPTIVE + "\nmax_connections_per_address: 77\n", "reason": "more"}
    answer = control.call.put("/v1/policy", json=body, headers={"If-Match": f'"{first}"'})
    assert answer.status_code == 200
    assert rolled(control, first, "--reason", "was wrong").out == f"revision {first} is in force again\n"
    assert control.call.get("/v1/policy").json()["revision"] == first


def test_without_a_revision_they_are_listed(control: Served) -> None:
    first = control.call.get("/v1/policy").json()["revision"]
    assert first in rolled(control).out
    assert [each["revision"] for each in json.loads(rolled(control, "--json").out)] == [first]


def test_a_revision_that_is_not_there_and_a_missing_reason_are_told(control: Served) -> None:
    unknown = rolled(control, "feedfeedfeed", "--reason", "x")
    assert unknown.code == 2
    assert "rollback` lists those there are" in unknown.complaint
    assert "say why" in rolled(control, "feedfeedfeed").complaint
