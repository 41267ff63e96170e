"""Where the running parts are."""

from pathlib import Path

import pytest

from console.endpoints import find_endpoints
from console.keyring import keyring_of
from console.processes import Processes, write_processes
from console.settings import Settings
from warehouse.exits import CannotRun
from warehouse.ownership import claim

URLS = {"control": "http://c", "manage": "http://m", "warehouse": "http://w", "proxy": "http://p"}


def known(data: Path, **given: str) -> Settings:
    said = {"warehouse": "", "control_token": "", "manage_token": "", "hash_key": "", **given}
    return Settings(data=data, **said)


def test_a_running_gateway_is_found_by_its_directory(tmp_path: Path) -> None:
    keyring = keyring_of(tmp_path, bytes)
    write_processes(tmp_path, Processes(1, 0.0, URLS, (), "acme"))
    held = claim(tmp_path)
    found = find_endpoints(known(Path("elsewhere")), tmp_path)
    held.close()
    assert (found.control, found.manage, found.warehouse, found.tenant) == (
        "http://c",
        "http://m",
        "http://w",
        "acme",
    )
    assert (found.control_token, found.hash_key) == (keyring.control_token, keyring.hash_key)


def test_a_record_without_a_living_owner_is_not_believed(tmp_path: Path) -> None:
    write_processes(tmp_path, Processes(1, 0.0, URLS, ()))
    found = find_endpoints(known(tmp_path), None)
    assert (found.processes, found.control, found.warehouse) == (None, "", "")


def test_the_environment_comes_first(tmp_path: Path) -> None:
    keyring_of(tmp_path, bytes)
    found = find_endpoints(known(tmp_path, warehouse="http://mine", control_token="t"), None)
    assert (found.warehouse, found.control_token) == ("http://mine", "t")


def test_what_an_option_says_comes_before_that(tmp_path: Path) -> None:
    said = known(tmp_path, warehouse="http://environment")
    found = find_endpoints(said, None, warehouse="http://option", control="http://c2")
    assert (found.warehouse, found.control) == ("http://option", "http://c2")


def test_a_broken_keyring_is_told(tmp_path: Path) -> None:
    (tmp_path / "keyring.json").write_text("{")
    with pytest.raises(CannotRun, match=r"keyring\.json"):
        find_endpoints(known(tmp_path), None)
