"""How commands speak."""

import json

import pytest

from console.terminal import command_app, say, tell, write_json
from tests.console.policies import overlay


def test_results_and_remarks_are_kept_apart(capsys: pytest.CaptureFixture[str]) -> None:
    say("result")
    tell("remark")
    assert capsys.readouterr() == ("result\n", "remark\n")


def test_structs_are_written_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    write_json([overlay()])
    assert json.loads(capsys.readouterr().out)[0]["limit"] == "fair"


def test_a_command_does_not_swallow_what_it_raises() -> None:
    app = command_app()

    @app.command()
    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        app([])
