from pathlib import Path

import pytest

from analytics.settings import WAREHOUSE_URL, control_token, hash_key, warehouse_url


def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_CONTROL_TOKEN", "abc")
    assert control_token() == "abc"
    monkeypatch.delenv("TIDEGATE_CONTROL_TOKEN")
    assert control_token() == ""


def test_each_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("00ff\n")
    for name in ("TIDEGATE_CONTROL_TOKEN", "TIDEGATE_HASH_KEY", "TIDEGATE_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(name + "_FILE", str(file))
    assert (control_token(), hash_key(), warehouse_url("")) == ("00ff", b"\x00\xff", "00ff")
    assert warehouse_url("http://given") == "http://given"
    monkeypatch.delenv("TIDEGATE_WAREHOUSE_FILE")
    assert warehouse_url("") == WAREHOUSE_URL
