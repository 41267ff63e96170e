"""Where Grafana is, and who pushes."""

from pathlib import Path

import pytest

from dashboards.settings import Settings, check, settings_of
from warehouse.exits import CannotRun

ENVIRONMENT = {"TIDEGATE_GRAFANA": "http://grafana:3000", "TIDEGATE_GRAFANA_TOKEN": "from-environment"}


def test_options_go_before_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    assert settings_of(ENVIRONMENT) == Settings("http://grafana:3000", "from-environment")
    assert settings_of(ENVIRONMENT, url="http://other", token_file=file) == Settings(
        "http://other", "from-file"
    )


def test_a_token_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"--token-file .*nothing"):
        settings_of({}, token_file=tmp_path / "nothing")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (Settings("", "t"), "--grafana"),
        (Settings("grafana:3000", "t"), "--grafana"),
        (Settings("http://g", ""), "TOKEN"),
    ],
)
def test_what_is_missing_is_told(settings: Settings, told: str) -> None:
    with pytest.raises(CannotRun, match=told):
        check(settings)


def test_the_environment_may_name_a_file_with_the_token(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    assert settings_of({"TIDEGATE_GRAFANA_TOKEN_FILE": str(file)}).token == "from-file"
    both = {**ENVIRONMENT, "TIDEGATE_GRAFANA_TOKEN_FILE": str(file)}
    with pytest.raises(CannotRun, match="both set"):
        settings_of(both)
    assert settings_of(both, token_file=file).token == "from-file"
