"""`tidegate check`."""

import json
from pathlib import Path

from console.commands.check import app
from console.wording import counted
from kernel.compile import revision_of
from tests.console.policies import ADAPTIVE
from tests.console.running import ran


def test_a_good_policy_is_told_with_its_revision(policy: Path) -> None:
    done = ran(app, str(policy))
    assert done.code == 0
    assert f"revision {revision_of(ADAPTIVE)}, 1 route, 2 limits" in done.out


def test_every_problem_is_told_with_its_place_and_the_exit_code_is_one(policy: Path) -> None:
    policy.write_text(ADAPTIVE.replace("upstream: shop", "upstream: shpo").replace("burst: 20", "bust: 20"))
    done = ran(app, str(policy))
    assert done.code == 1
    assert done.out == ""
    lines = done.err.splitlines()
    assert len([line for line in lines if line.startswith(f"{policy}:")]) >= 2
    assert any("Did you mean 'shop'?" in line for line in lines)


def test_json_has_the_same_problems(policy: Path) -> None:
    policy.write_text(ADAPTIVE.replace("upstream: shop", "upstream: shpo"))
    done = ran(app, str(policy), "--json")
    told = json.loads(done.out)
    assert (done.code, told["good"]) == (1, False)
    assert told["problems"][0]["line"] == 7
    policy.write_text(ADAPTIVE)
    assert json.loads(ran(app, str(policy), "--json").out)["good"]


def test_a_file_that_cannot_be_read_is_another_exit_code(tmp_path: Path) -> None:
    done = ran(app, str(tmp_path / "none.yaml"))
    assert done.code == 2
    assert "no such file" in done.complaint


def test_words_agree_with_their_number() -> None:
    assert [counted(1, "route"), counted(2, "route")] == ["1 route", "2 routes"]
