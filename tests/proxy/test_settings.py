"""Settings: what operators write, and what they are told when it cannot be used."""

from pathlib import Path

import pytest

from proxy.settings import (
    Settings,
    data_directory,
    kept_secret,
    parse_credentials,
    parse_warehouse,
    warehouse_url,
)
from warehouse.exits import CannotRun
from warehouse.listening import Endpoint


def test_secrets_come_from_the_environment() -> None:
    credentials = parse_credentials({"TIDEGATE_CONTROL_TOKEN": "c", "TIDEGATE_HASH_KEY": "ab" * 16})
    assert credentials.control_token == "c"
    assert credentials.hash_key == b"\xab" * 16
    assert parse_credentials({}).hash_key == b""


@pytest.mark.parametrize("text", ["zz", "ab" * 15, "ab" * 65])
def test_a_hash_key_that_cannot_key_is_refused(text: str) -> None:
    with pytest.raises(CannotRun, match="TIDEGATE_HASH_KEY"):
        parse_credentials({"TIDEGATE_HASH_KEY": text})


def test_a_warehouse_is_a_url_or_none() -> None:
    assert parse_warehouse("none") is None
    assert parse_warehouse("http://127.0.0.1:8123") == "http://127.0.0.1:8123"
    with pytest.raises(CannotRun, match="--warehouse"):
        parse_warehouse("127.0.0.1:8123")


def test_a_wrong_warehouse_is_told_without_its_password() -> None:
    with pytest.raises(CannotRun) as told:
        parse_warehouse("htp://writer:secret@127.0.0.1:8123")
    assert "secret" not in str(told.value)
    assert "htp://127.0.0.1:8123" in str(told.value)


def test_workers_have_names_and_directories_of_their_own() -> None:
    listen = Endpoint("127.0.0.1", 1)
    one = Settings(listen=listen, manage=listen, data=Path("/d"), name="edge")
    third = Settings(listen=listen, manage=listen, data=Path("/d"), name="edge", workers=4, worker=2)
    assert (one.worker_name, one.directory) == ("edge", Path("/d"))
    assert (third.worker_name, third.directory) == ("edge-2", Path("/d/worker-2"))


def test_two_ports_do_not_share_a_default_directory() -> None:
    first, second = (data_directory("", Endpoint("127.0.0.1", port)) for port in (1, 2))
    assert first != second


def test_a_kept_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    secret, is_new = kept_secret(tmp_path / "token")
    assert is_new
    assert len(bytes.fromhex(secret)) == 32
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    assert kept_secret(tmp_path / "token") == (secret, False)


def test_secrets_come_from_files_too(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("ab" * 16 + "\n")
    (tmp_path / "url").write_text("http://w:1\n")
    files = {
        "TIDEGATE_HASH_KEY_FILE": str(tmp_path / "key"),
        "TIDEGATE_WAREHOUSE_FILE": str(tmp_path / "url"),
    }
    assert parse_credentials(files).hash_key == bytes.fromhex("ab" * 16)
    assert warehouse_url("", files) == "http://w:1"
    assert warehouse_url("none", files) == "none"
    assert warehouse_url("", {}) == "http://127.0.0.1:8123"
