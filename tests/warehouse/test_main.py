"""The process: ready line, exit codes, and what it says when it cannot run."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.warehouse.http_requests import ask
from tests.warehouse_server import running_warehouse, start_warehouse
from warehouse.client import connect
from warehouse.migrate import migrate


def failing(*options: str, **environment: str) -> str:
    """Runs the process, expects exit code 2 within its start, returns what it said: one line."""
    done = subprocess.run(
        [sys.executable, "-m", "warehouse.main", *options],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    return done.stderr


def test_a_stopped_warehouse_ends_with_0_and_keeps_its_rows(tmp_path: Path) -> None:
    with running_warehouse(tmp_path / "new" / "data") as first:
        ask(first.url, "CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        ask(first.url, "INSERT INTO t VALUES (7)")
        assert first.stop() == 0
    for _ in range(2):
        with running_warehouse(tmp_path / "new" / "data") as again:
            assert ask(again.url, "SELECT a FROM t").body == b"7\n"
            assert ask(again.url, "SELECT a FROM nothing").code == "60"
            assert again.stop() == 0


def test_a_stopping_warehouse_does_not_wait_for_a_question_without_end(tmp_path: Path) -> None:
    with running_warehouse(tmp_path) as warehouse:
        parts = urlsplit(warehouse.url)
        sql = b"SELECT number FROM numbers(1000000000000) FORMAT Native"
        with socket.create_connection((parts.hostname, parts.port), timeout=20) as asking:
            head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sql)}\r\n\r\n"
            asking.sendall(head.encode() + sql)
            assert asking.recv(4096)
            assert warehouse.stop() == 0


def test_a_data_directory_in_use_names_its_owner(tmp_path: Path) -> None:
    with running_warehouse(tmp_path) as owner:
        said = failing("--listen", "127.0.0.1:0", "--data", str(tmp_path))
        assert f"{tmp_path} is in use by process {owner.process.pid}" in said
        assert ask(owner.url, "SELECT 1").body == b"1\n"


def test_a_stale_lock_is_taken_over_with_a_message(tmp_path: Path) -> None:
    with running_warehouse(tmp_path) as crashed:
        ask(crashed.url, "CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        ask(crashed.url, "INSERT INTO t VALUES (7)")
        crashed.kill()
    with running_warehouse(tmp_path) as heir:
        assert f"takes over {tmp_path}: its last owner {crashed.process.pid} is gone" in "".join(heir.log)
        assert ask(heir.url, "SELECT a FROM t").body == b"7\n"


def test_a_migrated_directory_opens_again_and_again(tmp_path: Path) -> None:
    for _ in range(3):
        with running_warehouse(tmp_path) as warehouse:
            client = connect(warehouse.url)
            migrate(client)
            assert client.command("SELECT count() FROM requests") == 0
            client.close()
            assert warehouse.stop() == 0


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = failing("--listen", f"127.0.0.1:{port}", "--data", str(tmp_path))
    assert f"cannot listen on 127.0.0.1:{port}: address already in use" in said


@pytest.mark.parametrize("listen", ["8123", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", ":1"])
def test_a_wrong_address_is_told(tmp_path: Path, listen: str) -> None:
    assert f"--listen {listen!r} is not HOST:PORT" in failing("--listen", listen, "--data", str(tmp_path))


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot open" in failing("--listen", "127.0.0.1:0", "--data", str(tmp_path / "file"))


def test_an_engine_that_is_not_installed_is_told(tmp_path: Path) -> None:
    (tmp_path / "chdb.py").write_text("raise ModuleNotFoundError(__name__)\n")
    said = failing("--listen", "127.0.0.1:0", "--data", str(tmp_path / "data"), PYTHONPATH=str(tmp_path))
    assert said.endswith("chdb is not installed, but needed here: pip install 'tidegate[embedded]'\n")


def test_an_address_that_others_reach_needs_passwords(tmp_path: Path) -> None:
    said = failing("--listen", "0.0.0.0:0", "--data", str(tmp_path), TIDEGATE_WAREHOUSE="")
    assert "a user has no password" in said


def test_a_wrong_url_is_told_without_its_password(tmp_path: Path) -> None:
    said = failing("--listen", "127.0.0.1:0", "--data", str(tmp_path), TIDEGATE_WAREHOUSE="tcp://me:s3cret@x")
    assert "must look like" in said
    assert "s3cret" not in said


def test_the_user_of_the_url_is_the_writer(tmp_path: Path) -> None:
    environment = {**os.environ, "TIDEGATE_WAREHOUSE": "http://me:s3cret@127.0.0.1"}
    warehouse = start_warehouse(tmp_path, environment=environment)
    assert ask(warehouse.url, "SELECT 1", user="me:s3cret").body == b"1\n"
    assert ask(warehouse.url, "SELECT 1", user="reader:s3cret").body == b"1\n"
    for wrong in ("", "default:", "me:", "reader:"):
        assert ask(warehouse.url, "SELECT 1", user=wrong).status == 403
    assert warehouse.stop() == 0
    assert warehouse.process.stderr is not None
    warehouse.process.stderr.close()
