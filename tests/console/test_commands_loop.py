"""`tidegate loop pause|resume`, against a real control endpoint."""

import json
from pathlib import Path

from console.commands.loop import app
from tests.console.running import Ran, ran
from tests.console.serving import TOKEN, Served


def looped(control: Served, *arguments: str) -> Ran:
    return ran(app, *arguments, "--control", control.url, environment={"TIDEGATE_CONTROL_TOKEN": TOKEN})


def test_automation_is_paused_with_a_reason_and_resumed(control: Served) -> None:
    assert looped(control, "pause", "--reason", "incident 12").out == "automation is paused: incident 12\n"
    assert control.call.get("/v1/loop").json()["reason"] == "incident 12"
    assert json.loads(looped(control, "resume", "--json").out)["paused"] is False
    assert control.call.get("/v1/loop").json()["paused"] is False


def test_a_pause_needs_a_reason(control: Served) -> None:
    assert looped(control, "pause", "--reason", " ").code == 2
    assert looped(control, "pause").code == 2


def test_no_gateway_is_told(tmp_path: Path) -> None:
    done = ran(app, "resume", "--data", str(tmp_path))
    assert done.code == 2
    assert f"no gateway runs on {tmp_path}" in done.complaint
