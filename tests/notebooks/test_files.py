"""The notebooks' files: as marimo writes them, and without what they once showed."""

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

NAMES = ("traffic_explorer", "what_if")


def test_marimo_finds_nothing_to_mend() -> None:
    paths = [str(ROOT / "notebooks" / f"{name}.py") for name in NAMES]
    command = [sys.executable, "-m", "marimo", "check", "--strict", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_notebook_showed_is_never_committed(name: str) -> None:
    stored = ROOT / "notebooks" / "__marimo__" / "session" / f"{name}.py.json"
    command = ["git", "-C", str(ROOT), "check-ignore", "-q", str(stored)]
    assert subprocess.run(command, check=False).returncode == 0
