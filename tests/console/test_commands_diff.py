"""`tidegate diff`, against a real control endpoint."""

import json
from pathlib import Path

from console.commands.diff import app
from tests.console.policies import ADAPTIVE
from tests.console.running import ran
from tests.console.serving import TOKEN, Served

ENVIRONMENT = {"TIDEGATE_CONTROL_TOKEN": TOKEN}


def test_a_candidate_is_compared_and_nothing_is_applied(control: Served, tmp_path: Path) -> None:
    before = control.call.get("/v1/policy").json()["revision"]
    file = tmp_path / "candidate.yaml"
    file.write_text(ADAPTIVE + "\nmax_connections_per_address: 77\n")
    done = ran(app, str(file), "--control", control.url, environment=ENVIRONMENT)
    assert done.code == 0
    assert "+max_connections_per_address: 77" in done.out
    assert control.call.get("/v1/policy").json()["revision"] == before


def test_the_same_text_is_no_difference(control: Served, tmp_path: Path) -> None:
    file = tmp_path / "candidate.yaml"
    file.write_text(ADAPTIVE)
    done = ran(app, str(file), "--control", control.url, environment=ENVIRONMENT)
    assert done.out.startswith("no difference: revision ")


def test_errors_are_told_with_the_files_name(control: Served, tmp_path: Path) -> None:
    file = tmp_path / "candidate.yaml"
    file.write_text(ADAPTIVE + "\nlimit: []\n")
    done = ran(app, str(file), "--control", control.url, "--json", environment=ENVIRONMENT)
    assert done.code == 1
    assert json.loads(done.out)["good"] is False
    assert str(file) in ran(app, str(file), "--control", control.url, environment=ENVIRONMENT).err


def test_a_file_that_is_missing_is_told(control: Served, tmp_path: Path) -> None:
    done = ran(app, str(tmp_path / "gone.yaml"), "--control", control.url, environment=ENVIRONMENT)
    assert done.code == 2
    assert "cannot be read: no such file" in done.complaint
