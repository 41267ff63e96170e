"""`tidegate alerts test`, with analytics as a process and real receivers."""

from pathlib import Path

import msgspec
import pytest

from console.commands.alerts import app
from tests.analytics.receiving import receiving
from tests.console.running import ran


def test_every_sink_is_tried_and_its_fate_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with receiving() as good, receiving() as bad:
        bad.status = 403
        path = tmp_path / "alerts.yaml"
        path.write_text(
            f"sinks:\n  - {{name: good, type: webhook, url: '{good.url}', secret_env: OURS}}\n"
            f"  - {{name: bad, type: alertmanager, url: '{bad.url}'}}\n"
        )
        environment = {"OURS": "s"}
        assert ran(app, "test", "--alerts", str(path), environment=environment).code == 1
        assert capfd.readouterr().out.splitlines() == [
            "good  delivered, firing and resolved",
            "bad   firing: answered 403",
        ]
        one = ran(app, "test", "--alerts", str(path), "--sink", "good", "--json", environment=environment)
        assert one.code == 0
        told = msgspec.json.decode(capfd.readouterr().out)
        assert told == [{"sink": "good", "type": "webhook", "delivered": True, "failure": ""}]
    assert [each.state for each in good.alerts()] == ["firing", "resolved"] * 2


def test_a_wrong_file_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nowhere = tmp_path / "nowhere"
    done = ran(app, "test", "--alerts", str(nowhere))
    assert done.code == 2
    assert done.complaint.startswith(f"--alerts {nowhere} cannot be read: No such file or directory")
    assert capfd.readouterr().err == ""
