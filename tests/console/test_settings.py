"""Settings from the environment."""

import os
from pathlib import Path

import pytest

from console.settings import inherited, settings, settings_of


def test_an_empty_environment_says_nothing() -> None:
    found = settings_of({})
    assert found.data == Path("var")
    assert {found.warehouse, found.control_token, found.manage_token, found.hash_key} == {""}


def test_each_variable_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_DATA", "/srv/gate")
    monkeypatch.setenv("TIDEGATE_WAREHOUSE", "http://w:1")
    monkeypatch.setenv("TIDEGATE_CONTROL_TOKEN", "c")
    monkeypatch.setenv("TIDEGATE_MANAGE_TOKEN", "m")
    monkeypatch.setenv("TIDEGATE_HASH_KEY", "00ff")
    found = settings()
    assert (found.data, found.warehouse) == (Path("/srv/gate"), "http://w:1")
    assert (found.control_token, found.manage_token, found.hash_key) == ("c", "m", "00ff")


def test_what_children_inherit_is_a_copy() -> None:
    copy = inherited()
    copy["TIDEGATE_ONLY_HERE"] = "1"
    assert "TIDEGATE_ONLY_HERE" not in os.environ


def test_secrets_come_from_files_and_go_to_children_by_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("00ff\n")
    monkeypatch.delenv("TIDEGATE_HASH_KEY", raising=False)
    monkeypatch.setenv("TIDEGATE_HASH_KEY_FILE", str(tmp_path / "key"))
    assert settings().hash_key == "00ff"
    assert inherited()["TIDEGATE_HASH_KEY"] == "00ff"
    assert "TIDEGATE_HASH_KEY_FILE" not in inherited()
