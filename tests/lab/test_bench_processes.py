"""What is measured is started when its port answers, and ended by its id."""

import sys
from pathlib import Path

import pytest

from lab.bench.processes import answers, free_port, running


def test_a_process_runs_from_its_first_answer_to_the_end_of_the_block(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with running(command, cores="0", port=port, log=tmp_path / "log", more={}) as pid:
        assert answers(port)
        assert Path(f"/proc/{pid}").exists()
    assert not answers(port)


def test_a_process_that_ends_before_it_listens_is_told_with_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such peer')"]
    port = free_port()
    with (
        pytest.raises(RuntimeError, match="no such peer"),
        running(command, cores="0", port=port, log=tmp_path / "log", more={}),
    ):
        pass
