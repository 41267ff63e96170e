import pytest

from analytics.settings import control_token


def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_CONTROL_TOKEN", "abc")
    assert control_token() == "abc"
    monkeypatch.delenv("TIDEGATE_CONTROL_TOKEN")
    assert control_token() == ""
