"""`tidegate up`: what it says, and what stops it before it starts (see also tests/integration/test_up.py)."""

import socket
from pathlib import Path

import pytest

from console.called import command
from console.commands.up import LISTENS, app, hear, summary
from console.deployment import Deployment
from console.keyring import Keyring
from console.supervisor import OWN_VOICE
from tests.console.running import Ran, ran
from warehouse.ownership import claim

ANY_PORT = [f"{option}=127.0.0.1:0" for option in LISTENS]


def started(policy: Path, data: Path, *arguments: str) -> Ran:
    return ran(app, "--policy", str(policy), "--data", str(data), *arguments)


def test_a_broken_policy_starts_nothing(policy: Path, tmp_path: Path) -> None:
    policy.write_text("routes: 1\n")
    done = started(policy, tmp_path / "data")
    assert done.code == 2
    assert "policy.yaml:1" in done.complaint


def test_a_missing_policy_starts_nothing_and_makes_nothing(tmp_path: Path) -> None:
    none = tmp_path / "none.yaml"
    done = started(none, tmp_path / "data")
    told = f"{none} cannot be read: no such file or directory. Check the path and its permissions."
    assert done.complaint == told
    assert (done.code, (tmp_path / "data").exists()) == (2, False)


def test_a_wrong_alerts_file_is_told_once_before_anything_starts(policy: Path, tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text("sinks:\n  - {name: a, type: pigeon, url: 'http://127.0.0.1:1'}\n")
    done = started(policy, tmp_path / "data", "--alerts", str(tmp_path / "alerts.yaml"))
    assert (done.code, done.complaint.count("pigeon")) == (2, 1)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("directory", ["/proc/x", "policy.yaml"])
def test_a_directory_that_cannot_be_written_is_told_with_what_to_do(
    policy: Path, tmp_path: Path, directory: str
) -> None:
    done = started(policy, tmp_path / directory, *ANY_PORT)
    assert done.code == 2
    assert str(tmp_path / directory) in done.complaint
    assert "another directory with --data" in done.complaint
    assert "Errno" not in done.complaint


def test_an_address_that_is_none_is_told_with_its_option(policy: Path, tmp_path: Path) -> None:
    done = started(policy, tmp_path / "data", *ANY_PORT, "--warehouse-listen", "8123")
    assert "--warehouse-listen '8123' is not HOST:PORT" in done.complaint


def test_a_second_up_is_told_who_owns_the_directory(policy: Path, tmp_path: Path) -> None:
    held = claim(tmp_path)
    done = started(policy, tmp_path)
    held.close()
    assert done.code == 2
    assert "in use by process" in done.complaint


def test_a_taken_port_is_told_with_its_own_option(policy: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        listen = f"127.0.0.1:{holder.getsockname()[1]}"
        done = started(policy, tmp_path / "data", "--listen", "127.0.0.1:0", "--manage", listen)
    assert done.code == 2
    assert (
        f"cannot listen on {listen}: address already in use; choose another with --manage" in done.complaint
    )


@pytest.mark.parametrize("elsewhere", [("--warehouse", "http://ch:8123"), ()])
def test_a_warehouse_elsewhere_needs_no_port_here(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: tuple[str, ...]
) -> None:
    if not elsewhere:
        monkeypatch.setenv("TIDEGATE_WAREHOUSE", "http://ch:8123")
    with socket.create_server(("127.0.0.1", 0)) as holder:
        taken = f"127.0.0.1:{holder.getsockname()[1]}"
        (tmp_path / "data").write_text("")  # what it meets next, so that nothing starts
        done = started(policy, tmp_path / "data", *ANY_PORT, "--warehouse-listen", taken, *elsewhere)
    assert "another directory with --data" in done.complaint


def test_one_address_for_two_listeners_is_told_before_anything_starts(policy: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    done = started(policy, tmp_path / "data", "--listen", address, "--manage", address)
    assert done.code == 2
    assert f"--listen and --manage are both {address}; choose another with --manage" in done.complaint


def test_a_warehouse_elsewhere_is_told_without_its_password() -> None:
    deployment = Deployment(
        policy=Path("/p"), data=Path("/d"), keyring=Keyring("", "", ""), warehouse_url="x"
    )
    urls = dict.fromkeys(("proxy", "manage", "control"), "http://127.0.0.1:1")
    told = summary({**urls, "warehouse": "http://user:hidden@ch:8123"}, deployment)
    assert "http://ch:8123" in told
    assert "hidden" not in told


def test_the_childrens_output_is_prefixed_by_who_said_it(capsys: pytest.CaptureFixture[str]) -> None:
    hear("proxy", "ready")
    hear(OWN_VOICE, "took over")
    assert capsys.readouterr().err == "proxy     | ready\ntook over\n"


def test_the_summary_tells_every_address_and_no_secret() -> None:
    secrets = Keyring("s3cret-c", "s3cret-m", "s3cret-h")
    deployment = Deployment(policy=Path("/p.yaml"), data=Path("/d"), keyring=secrets)
    urls = {
        name: f"http://127.0.0.1:{port}"
        for port, name in enumerate(("proxy", "manage", "control", "warehouse"))
    }
    told = summary(urls, deployment)
    assert all(url in told for url in urls.values())
    assert "/d/keyring.json" in told
    assert command("status", "--data", "/d") in told
    assert "s3cret" not in told
