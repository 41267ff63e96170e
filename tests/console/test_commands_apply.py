"""`tidegate apply`, against a real control endpoint."""

import json
from pathlib import Path

from console.commands.apply import app
from tests.console.policies import ADAPTIVE
from tests.console.running import Ran, ran
from tests.console.serving import TOKEN, Served


def applied(control: Served, file: Path, *more: str) -> Ran:
    arguments = (str(file), "--reason", "ticket 7", "--control", control.url, *more)
    return ran(app, *arguments, environment={"TIDEGATE_CONTROL_TOKEN": TOKEN})


def test_a_file_is_put_in_force_with_its_reason(control: Served, tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    file.write_text(ADAPTIVE + "\nmax_connections_per_address: 77\n")
    done = applied(control, file, "--json")
    in_force = control.call.get("/v1/policy").json()
    assert json.loads(done.out)["revision"] == in_force["revision"]
    assert in_force["reason"] == "ticket 7"
    assert applied(control, file).out == f"revision {in_force['revision']} is in force already\n"


def test_a_broken_file_is_refused_with_the_reasons(control: Served, tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    file.write_text(ADAPTIVE + "\nlimit: []\n")
    done = applied(control, file)
    assert done.code == 2
    assert f"\n{file}:" in done.complaint
    assert done.complaint.count("'limit'") == 1


def test_a_reason_is_needed(control: Served, tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    file.write_text(ADAPTIVE)
    done = ran(app, str(file), "--reason", " ", "--control", control.url)
    assert done.code == 2
