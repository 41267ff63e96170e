"""One stage per module, the native transport before a scripted upstream; and ClickHouse servers."""

from collections.abc import Iterator

import pytest

from tests.conformance.clickhouse_client import SERVERS, server_url
from tests.proxy.fakes import Stage, Upstream, closed_port, full_port, policy_text, staged


@pytest.fixture(scope="module")
def full() -> Iterator[int]:
    """A port on which connecting hangs."""
    with full_port() as port:
        yield port


@pytest.fixture(scope="module")
def staging(full: int) -> Iterator[tuple[Stage, Upstream]]:
    """The stage and its upstream."""
    dead = closed_port()
    with staged(lambda port: policy_text(port, dead=dead, full=full)) as both:
        yield both


@pytest.fixture
def stage(staging: tuple[Stage, Upstream]) -> Iterator[Stage]:
    """The stage; events of earlier tests are forgotten."""
    stage = staging[0]
    stage.rows.clear()
    stage.gateway.limiter.clear()
    yield stage
    stage.hang_up()


@pytest.fixture
def upstream(staging: tuple[Stage, Upstream]) -> Upstream:
    """The upstream, without scripts, and what it has seen forgotten."""
    staging[1].seen.clear()
    staging[1].scripts.clear()
    return staging[1]


@pytest.fixture(params=SERVERS)
def clickhouse_url(request: pytest.FixtureRequest) -> str:
    """The embedded server, and a real one where there is one."""
    if request.param == "server":
        return server_url()
    return str(request.getfixturevalue("warehouse_url"))
