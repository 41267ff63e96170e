"""The environment first, then what `tidegate up` wrote into its data directory."""

from pathlib import Path

import pytest

from notebooks.settings import Settings, settings_of
from warehouse.exits import CannotRun


def running(directory: Path) -> Path:
    directory.mkdir(parents=True)
    (directory / "processes.json").write_text(
        '{"supervisor_pid": 1, "urls": {"warehouse": "http://default:pw@127.0.0.1:1", "control": "http://c:2"},'
        ' "tenant": "shop", "parts": []}'
    )
    (directory / "keyring.json").write_text('{"control_token": "t0ken", "hash_key": "00ff", "more": "x"}')
    return directory


def test_a_running_gateway_is_found_by_its_data_directory(tmp_path: Path) -> None:
    running(tmp_path / "var" / "demo")
    found = Settings("http://default:pw@127.0.0.1:1", "shop", "http://c:2", "t0ken", b"\x00\xff")
    assert settings_of({}, tmp_path) == found
    elsewhere = running(tmp_path / "mine")
    assert settings_of({"TIDEGATE_DATA": str(elsewhere)}, tmp_path / "any") == found


def test_the_environment_stands_above_the_directory(tmp_path: Path) -> None:
    running(tmp_path / "var" / "demo")
    (tmp_path / "url").write_text("http://ana@w:8123\n")
    environment = {"TIDEGATE_WAREHOUSE_FILE": str(tmp_path / "url"), "TIDEGATE_CONTROL_TOKEN": "mine"}
    found = settings_of(environment, tmp_path)
    assert (found.warehouse, found.control_token) == ("http://ana@w:8123", "mine")


def test_nobody_says_where_anything_is(tmp_path: Path) -> None:
    assert settings_of({}, tmp_path) == Settings()
    (tmp_path / "var" / "demo").mkdir(parents=True)
    (tmp_path / "var" / "demo" / "processes.json").write_text("not JSON")
    assert settings_of({}, tmp_path) == Settings()


def test_a_hash_key_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="TIDEGATE_HASH_KEY"):
        settings_of({"TIDEGATE_HASH_KEY": "no hex"}, tmp_path)


def test_what_marimo_lists_of_it_holds_no_secret(tmp_path: Path) -> None:
    running(tmp_path / "var" / "demo")
    shown = repr(settings_of({}, tmp_path))
    assert "127.0.0.1:1" in shown
    assert not any(secret in shown for secret in ("pw", "t0ken", "00ff", "xff"))
