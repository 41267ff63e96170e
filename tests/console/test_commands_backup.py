"""`tidegate backup`, against a real control endpoint."""

import json
from pathlib import Path

from console.commands.backup import app
from tests.console.running import ran
from tests.console.serving import TOKEN, Served


def test_a_backup_is_made(control: Served) -> None:
    done = ran(app, "--control", control.url, "--json", environment={"TIDEGATE_CONTROL_TOKEN": TOKEN})
    made = json.loads(done.out)
    assert Path(made["path"]).stat().st_size == made["bytes"]


def test_no_gateway_is_told(tmp_path: Path) -> None:
    assert ran(app, "--data", str(tmp_path)).code == 2
