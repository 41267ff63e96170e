"""What many tests of the console start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.policies import ADAPTIVE, Clock
from tests.console.serving import Served, served


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


@pytest.fixture
def control(tmp_path: Path, policy: Path, clock: Clock) -> Iterator[Served]:
    """A control endpoint with that policy, over real HTTP."""
    with served(tmp_path, policy, clock) as endpoint:
        yield endpoint
