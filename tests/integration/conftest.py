"""What most tests of whole processes start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.proxies import Upstream, policy_text, upstream


@pytest.fixture
def behind() -> Iterator[Upstream]:
    """An upstream of the test's own: what it holds, another test must not release."""
    with upstream() as server:
        yield server


@pytest.fixture
def policy(tmp_path: Path, behind: Upstream) -> Path:
    """A policy that relays everything to it."""
    path = tmp_path / "policy.yaml"
    path.write_text(policy_text(behind.port))
    return path
