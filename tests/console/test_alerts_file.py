"""The alerts file as analytics judges it, asked by another process."""

from pathlib import Path

import pytest

from console.alerts_file import alerts_test, check_alerts
from warehouse.exits import CannotRun


def test_a_good_file_is_checked_and_nothing_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text("sinks:\n  - {name: a, type: alertmanager, url: 'http://127.0.0.1:9'}\n")
    check_alerts(path)
    assert alerts_test(path, ("--check",)) == 0


def test_what_is_wrong_is_told_without_the_name_of_a_part(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text("sinks: 3\n")
    with pytest.raises(CannotRun, match=f"^the alerts file is wrong:\\n{path}:1"):
        check_alerts(path)
