"""`tidegate console` as a process."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import msgspec
import pytest

from console.commands.console import app, tokens_of, watchers_of
from console.keyring import keyring_of
from console.settings import Settings, settings_of
from console.state import open_state
from tests.console.policies import Clock, lengthen
from tests.console.proposing import recommendation
from tests.console.running import ran
from tests.console.stored import full_disk
from warehouse.environment import without_secrets
from warehouse.exits import CannotRun
from warehouse.ownership import claim

PATIENCE_S = 20.0


@pytest.fixture
def process(tmp_path: Path, policy: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "console.main", "console", "--policy", str(policy)]
    where = ["--listen", "127.0.0.1:0", "--data", str(tmp_path / "data")]
    environment = without_secrets(os.environ)
    with subprocess.Popen([*command, *where], stderr=subprocess.PIPE, text=True, env=environment) as started:
        yield started
        started.kill()


def ready_url(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        found = re.match(r"tidegate-console ready on (http://\S+)", line)
        if found:
            return found[1]
    raise AssertionError("it ended before it was ready")


def status_with(url: str, token: str, path: str = "/v1/status") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(url + path, headers=headers, timeout=PATIENCE_S).status_code


def test_it_says_that_it_is_ready_and_makes_a_token_for_each_role_where_none_is_given(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    url = ready_url(process)
    keyring = keyring_of(tmp_path / "data", bytes)
    assert status_with(url, keyring.control_token) == 200
    assert status_with(url, keyring.analytics_token) == 200
    assert status_with(url, keyring.proxy_token) == 403
    assert status_with(url, keyring.proxy_token, "/v1/follow") == 200
    assert status_with(url, keyring.control_token, "/v1/follow?timeout_s=0") == 403


def known(**given: str) -> Settings:
    return msgspec.structs.replace(settings_of({}), **given)


def test_a_token_of_the_environment_is_one_role_and_the_keyring_has_the_others(tmp_path: Path) -> None:
    operator, proxy, analytics = tokens_of(known(control_token="mine"), tmp_path)
    keyring = keyring_of(tmp_path, bytes)
    assert (operator.secret, operator.name) == ("mine", "admin")
    assert (proxy.secret, analytics.secret) == (keyring.proxy_token, keyring.analytics_token)
    assert not operator.roles & (proxy.roles | analytics.roles)


def test_no_keyring_is_made_where_every_token_is_given(tmp_path: Path) -> None:
    tokens_of(known(control_token="a", proxy_token="b", analytics_token="c"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_token_for_two_roles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="must differ"):
        tokens_of(known(control_token="a", proxy_token="a", analytics_token="c"), tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_exit_code_zero_also_while_somebody_waits(
    process: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    url = ready_url(process)
    keyring = keyring_of(tmp_path / "data", bytes)
    headers = {"Authorization": f"Bearer {keyring.control_token}"}
    with httpx2.Client(headers=headers, timeout=60) as client:
        current = client.get(f"{url}/v1/status").json()
        asked = (url, keyring.proxy_token, current["revision"], str(current["overlays_version"]))
        waiting = subprocess.Popen([sys.executable, "-c", POLL, *asked])
        until_seen(client, url)
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 0
        assert waiting.wait(PATIENCE_S) == 0


POLL = """
import sys, httpx2
url, token, revision, overlays = sys.argv[1:]
query = {"revision": revision, "overlays": overlays, "timeout_s": 55, "proxy": "waiting"}
headers = {"Authorization": "Bearer " + token}
answer = httpx2.get(url + "/v1/follow", params=query, headers=headers, timeout=60)
sys.exit(answer.status_code != 200)
"""


def until_seen(client: httpx2.Client, url: str) -> None:
    while not client.get(f"{url}/v1/status").json()["proxies"]:
        pass


def test_a_taken_port_is_told(policy: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        listen = f"127.0.0.1:{holder.getsockname()[1]}"
        done = ran(app, "--policy", str(policy), "--listen", listen, "--data", str(tmp_path / "data"))
    assert done.code == 2
    assert f"cannot listen on {listen}" in done.complaint


def test_a_broken_policy_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("routes: 1\n")
    policy = ("--policy", str(tmp_path / "broken.yaml"))
    done = ran(app, *policy, "--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"))
    assert done.code == 2
    assert "broken.yaml:1" in done.complaint


def test_a_second_one_on_the_same_directory_is_told(policy: Path, tmp_path: Path) -> None:
    held = claim(tmp_path, "control.lock")
    done = ran(app, "--policy", str(policy), "--listen", "127.0.0.1:0", "--data", str(tmp_path))
    held.close()
    assert done.code == 2
    assert "in use by process" in done.complaint


def test_a_store_that_is_none_is_told(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "control.sqlite").write_bytes(b"no store" * 1_000)
    done = ran(app, "--policy", str(policy), "--listen", "127.0.0.1:0", "--data", str(tmp_path))
    assert done.code == 2
    assert "control.sqlite" in done.complaint


async def test_a_full_disk_hinders_what_goes_on_beside_the_server_and_does_not_end_it(
    tmp_path: Path, policy: Path, clock: Clock
) -> None:
    state = open_state(tmp_path / "control.sqlite", policy, clock)
    await state.take_lease("a", 30)
    due = tuple(
        msgspec.structs.replace(recommendation(expires_at=clock() + 1), id=f"{n}", title="x" * 9_000)
        for n in range(9)
    )
    await state.propose("a", due)
    told: asyncio.Queue[str] = asyncio.Queue()
    watchers = [asyncio.create_task(each.run()) for each in watchers_of(state, None, told.put_nowait)]
    with full_disk(state._store):
        clock.now += 2
        lengthen(policy)
        heard = {await asyncio.wait_for(told.get(), PATIENCE_S) for _ in range(2)}
    assert {each.partition(" is hindered: ")[0] for each in heard} == {
        "taking changes of the policy file",
        "the expiry of rules",
    }
    assert all("disk is full" in each for each in heard)
    assert not any(each.done() for each in watchers)
    for each in watchers:
        each.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await each
    await state.close()
