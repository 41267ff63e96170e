"""The command line of the proxy."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from proxy.main import main

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "proxy.md"


@pytest.fixture
def command() -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command()(main)
    return app


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--policy FILE and --control URL"),
        (["--policy", "p", "--control", "http://c"], "--policy FILE and --control URL"),
        (["--policy", "p", "--listen", "8080"], "--listen '8080'"),
        (["--policy", "p", "--manage", "x:y"], "--manage 'x:y'"),
        (["--policy", "p", "--warehouse", "localhost"], "--warehouse 'localhost'"),
        (["--policy", "p", "--data", "{tmp}", "--handlers", "no_such:x"], "--handlers 'no_such:x'"),
    ],
)
def test_an_option_that_cannot_be_used_is_told_in_one_line(
    command: typer.Typer, tmp_path: Path, options: list[str], told: str
) -> None:
    result = CliRunner().invoke(command, [each.replace("{tmp}", str(tmp_path)) for each in options])
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_every_option_is_documented(command: typer.Typer) -> None:
    documented = DOCS.read_text()
    shown = [each for each in typer.main.get_command(command).params if not getattr(each, "hidden", False)]
    names = [name for each in shown for name in each.opts]
    assert "--policy" in names
    assert not [name for name in names if f"`{name}" not in documented]


def test_a_proxy_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pandas", "pyarrow", "scipy", "sklearn", "chdb")
    code = f"import sys, proxy.main, proxy.asgi; print([each for each in {heavy} if each in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.strip() == "[]"
