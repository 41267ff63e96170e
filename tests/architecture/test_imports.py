"""The import rules, and for each a planted violation that it must catch."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, ROOT

# contract -> (file, line appended to it): the smallest change that breaks the rule.
PLANTED: dict[str, tuple[str, str]] = {
    "packages are layers, siblings are independent": ("proxy/__init__.py", "import analytics"),
    "the kernel is pure": ("kernel/limits.py", "import time"),
    "the data plane needs no numpy": ("kernel/limits.py", "import numpy"),
    "chdb is imported in warehouse.embedded alone": ("console/__init__.py", "import chdb"),
    "httpx is not on the hot path": ("proxy/record.py", "import httpx2"),
    "nobody imports the lab, which imports everybody": ("console/tether.py", "import lab.traffic"),
    "nobody imports a main: it is started": ("proxy/workers.py", "import proxy.main"),
    "the phases of a request are layers, what surrounds them is above": (
        "proxy/record.py",
        "import proxy.refusal",
    ),
    "detectors are independent, the loop is above them": (
        "analytics/latency.py",
        "import analytics.collapse",
    ),
}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
NAMES = [contract["name"] for contract in CONTRACTS]


def lint(tree: Path) -> str:
    """Output of import-linter on a tree."""
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--config",
        "pyproject.toml",
    ]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages that a test may spoil."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_holds() -> None:
    assert f"{len(NAMES)} kept, 0 broken" in lint(ROOT)


def test_every_contract_has_a_planted_violation() -> None:
    assert set(PLANTED) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_catches_its_planted_violation(name: str, tree: Path) -> None:
    path, line = PLANTED[name]
    spoiled = tree / path
    spoiled.write_text(spoiled.read_text() + f"\n{line}\n")
    assert f"{name} BROKEN" in lint(tree)
