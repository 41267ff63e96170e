"""Whom a command speaks to."""

from pathlib import Path

import pytest

from console.control_at import checked_reason, control_at
from warehouse.exits import CannotRun


def test_where_no_gateway_runs_the_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=f"no gateway runs on {tmp_path}"):
        control_at(tmp_path, "")


def test_a_url_is_taken_as_it_is_given(tmp_path: Path) -> None:
    assert control_at(tmp_path, "http://127.0.0.1:1")[1].control == "http://127.0.0.1:1"


def test_a_reason_says_something() -> None:
    assert checked_reason(" ticket 7 ") == "ticket 7"
    with pytest.raises(CannotRun, match="say why"):
        checked_reason(" ")
