"""`python -m dashboards.main`, as an operator meets it."""

import json
from pathlib import Path

import pytest

from dashboards.boards import BOARDS
from dashboards.main import run
from tests.dashboards.fake_grafana import TOKEN, running_grafana


def test_build_writes_what_check_then_finds_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["build", "--check", "--to", str(tmp_path)]) == 1
    assert not list(tmp_path.iterdir())
    assert run(["build", "--to", str(tmp_path)]) == 0
    assert run(["build", "--check", "--to", str(tmp_path)]) == 0
    assert "everything is as the panel specs say" in capsys.readouterr().out


def test_build_tells_programs_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["build", "--json", "--to", str(tmp_path)])
    changed = json.loads(capsys.readouterr().out)["changed"]
    assert "generated/tidegate-overview.json" in changed
    assert "provisioning/datasources/tidegate.yaml" in changed


def test_push_tells_where_the_boards_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    with running_grafana() as grafana:
        assert run(["push", "--grafana", grafana.url, "--token-file", str(token), "--json"]) == 0
    assert [one["uid"] for one in json.loads(capsys.readouterr().out)] == [board.uid for board in BOARDS]


def test_a_mistake_is_told_in_one_line_and_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("TIDEGATE_GRAFANA", "TIDEGATE_GRAFANA_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert run(["push"]) == 2
    assert run(["push", "--nonsense"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("tidegate dashboards: Grafana's URL is missing")
    assert len(told) == 2
