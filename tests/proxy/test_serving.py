"""One process from start to exit, where no process is needed; tests/integration has the rest."""

import asyncio
import signal
from pathlib import Path

import pytest
import uvicorn

from proxy.limiter import Limiter
from proxy.serving import Proxy, Server, cancelled, source_of, writer_of
from proxy.settings import Credentials, Settings
from proxy.sink import NoWarehouse
from proxy.sources import ControlSource, FileSource
from tests.proxy.around import POLICY, gateway_with
from warehouse.listening import Endpoint

LISTEN = Endpoint("127.0.0.1", 0)


def settings_at(directory: Path, **changes: object) -> Settings:
    values: dict[str, object] = {"listen": LISTEN, "manage": LISTEN, "data": directory, "name": "edge"}
    return Settings(**{**values, **changes})  # type: ignore[arg-type]  # changes are of the test


def test_uvicorn_captures_no_signals() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Server(uvicorn.Config("no:app")).capture_signals():
        assert signal.getsignal(signal.SIGTERM) is before


async def test_a_first_call_stops_and_a_second_one_hurries(tmp_path: Path) -> None:
    proxy = Proxy(settings_at(tmp_path, policy=tmp_path / "p.yaml"), Credentials())
    proxy.stop()
    assert (proxy.stopping.is_set(), proxy.hurrying.is_set()) == (True, False)
    proxy.stop()
    assert proxy.hurrying.is_set()


async def test_without_a_hash_key_one_is_kept_so_that_canaries_stay_sticky(tmp_path: Path) -> None:
    settings = settings_at(tmp_path, policy=tmp_path / "p.yaml")
    keys = {Proxy(settings, Credentials()).gateway.holder.snapshot.hash_key for _ in range(2)}
    assert len(keys) == 1
    given = Proxy(settings, Credentials(hash_key=b"k" * 16))
    assert given.gateway.holder.snapshot.hash_key == b"k" * 16


async def test_a_file_with_problems_is_no_first_policy_but_a_restart_uses_the_last_good_one(
    tmp_path: Path,
) -> None:
    (path := tmp_path / "p.yaml").write_text(POLICY)
    settings = settings_at(tmp_path, policy=path)
    assert await Proxy(settings, Credentials()).first_policy() == ()
    path.write_text("colour: blue\n")
    assert await Proxy(settings, Credentials()).first_policy() != ()
    restarted = Proxy(settings_at(tmp_path, policy=path, restarted=True), Credentials())
    assert await restarted.first_policy() == ()
    assert restarted.gateway.holder.has_policy


async def test_the_source_is_what_the_settings_name(tmp_path: Path) -> None:
    gateway = gateway_with()
    file = source_of(settings_at(tmp_path, policy=tmp_path / "p"), Credentials(), gateway)
    assert isinstance(file, FileSource)
    control = source_of(settings_at(tmp_path, control="http://c"), Credentials(control_token="t"), gateway)
    assert isinstance(control, ControlSource)
    assert control.client.headers["authorization"] == "Bearer t"
    assert control.client.params["proxy"] == "worker-a"


def test_without_a_warehouse_nothing_is_written(tmp_path: Path) -> None:
    assert isinstance(writer_of(settings_at(tmp_path), gateway_with()), NoWarehouse)
    assert list(tmp_path.iterdir()) == []


async def test_cancelled_tasks_have_ended() -> None:
    task = asyncio.create_task(asyncio.sleep(100))
    await cancelled(task)
    assert task.cancelled()


class Swept(Limiter):
    """A registry that tells when it was swept."""

    def __init__(self) -> None:
        super().__init__()
        self.swept_at: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def sweep(self, now: float, keys: int = 1) -> None:
        if not self.swept_at.done():
            self.swept_at.set_result(now)


async def test_housekeeping_sweeps_the_buckets(tmp_path: Path) -> None:
    proxy = Proxy(settings_at(tmp_path, policy=tmp_path / "p.yaml"), Credentials())
    proxy.gateway.limiter = limiter = Swept()
    keeping = asyncio.create_task(proxy.housekeeping())
    assert await asyncio.wait_for(limiter.swept_at, 5.0) > 0
    await cancelled(keeping)


@pytest.mark.parametrize("name", ["hash-key"])
async def test_kept_secrets_are_for_the_owner_alone(tmp_path: Path, name: str) -> None:
    Proxy(settings_at(tmp_path, policy=tmp_path / "p.yaml"), Credentials())
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
