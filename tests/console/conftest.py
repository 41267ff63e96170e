"""What many tests of the console start from."""

from pathlib import Path

import pytest

from tests.console.policies import ADAPTIVE, Clock


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy file with an adaptive limit and a fixed one."""
    path = tmp_path / "policy.yaml"
    path.write_text(ADAPTIVE)
    return path


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()
