import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from analytics.main import main, tempo_of, to_text
from analytics.once import Looked
from kernel.replays import ReplayReport
from tests.analytics.policies import TEXT
from tests.analytics.receiving import receiving
from warehouse.exits import CannotRun


def test_a_wrong_clock_is_told_in_one_line() -> None:
    complaints: list[str] = []
    assert main(["--clock", "nonsense"], complaints.append) == 2
    assert complaints == ["tidegate-analytics: --clock: 'nonsense' is not ORIGIN:STARTED:SCALE\n"]
    with pytest.raises(CannotRun):
        tempo_of("1:2")


def test_a_wrong_table_is_told() -> None:
    complaints: list[str] = []
    assert main(["once", "--table", "findings"], complaints.append) == 2
    assert "must be `imports` or `requests`" in complaints[0]


def test_no_warehouse_is_told() -> None:
    complaints: list[str] = []
    assert main(["once", "--warehouse", "http://127.0.0.1:9"], complaints.append) == 2
    assert "http://127.0.0.1:9" in complaints[0]


def test_what_was_looked_at_is_said_in_words() -> None:
    assert to_text(Looked(0, 0, 0, ())) == "the table holds no requests of this tenant\n"
    assert "0 findings in 5 requests" in to_text(Looked(5, 0, 60, ()))


def test_the_process_says_when_it_is_ready_and_ends_on_request(warehouse_url: str) -> None:
    command = [sys.executable, "-m", "analytics.main", "--warehouse", warehouse_url, "--control", "none"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("tidegate-analytics ready, reading " in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(20) == 0


def test_a_process_that_finds_no_warehouse_is_ready_and_ends_on_request() -> None:
    command = [
        sys.executable,
        "-m",
        "analytics.main",
        "--warehouse",
        "http://127.0.0.1:9",
        "--control",
        "none",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = [process.stderr.readline(), process.stderr.readline()]
        assert "waiting: the warehouse does not answer" in said[0]
        assert said[1] == "tidegate-analytics ready, reading http://127.0.0.1:9\n"
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
        assert process.wait(20) == 0


def test_the_replaying_process_ends_with_its_parent(warehouse_url: str) -> None:
    command = [sys.executable, "-m", "analytics.main", "jobs", "--warehouse", warehouse_url]
    command += ["--control", "http://127.0.0.1:9"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def test_a_policy_file_is_replayed_at_once(
    warehouse_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text(TEXT)
    asked = ["--policy", str(policy), "--base", str(policy), "--since", "1", "--until", "9"]
    assert main(["replay", *asked, "--warehouse", warehouse_url], print) == 0
    report = msgspec.json.decode(capsys.readouterr().out, type=ReplayReport)
    assert report.base == report.candidate
    complaints: list[str] = []
    assert main(["replay", *asked[:-1], "0", "--warehouse", warehouse_url], complaints.append) == 2
    assert "the range is empty" in complaints[0]


def test_a_wrong_alerts_file_is_told_before_the_warehouse_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text("sinks: []\n")
    complaints: list[str] = []
    for command in ([], ["alerts-test"]):
        assert main([*command, "--alerts", str(path)], complaints.append) == 2
    assert all("sinks: there is no sink" in complaint for complaint in complaints)


def test_every_sink_can_be_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "alerts.yaml"
    with receiving() as receiver:
        path.write_text(f"sinks: [{{name: am, type: alertmanager, url: '{receiver.url}'}}]")
        assert main(["alerts-test", "--alerts", str(path)], print) == 0
        receiver.status = 500
        assert main(["alerts-test", "--alerts", str(path), "--json"], print) == 1
    text, json = capsys.readouterr().out.splitlines()
    assert text == "am  delivered, firing and resolved"
    assert '"failure":"firing: answered 500"' in json
    complaints: list[str] = []
    assert main(["alerts-test", "--alerts", str(path), "--sink", "x"], complaints.append) == 2
    assert complaints == [f"tidegate-analytics: --sink 'x' is not in {path}; its sinks: am\n"]
