"""The record of what runs."""

from pathlib import Path

from console.processes import PartState, Processes, forget_processes, read_processes, write_processes

RECORD = Processes(7, 1_000.0, {"proxy": "http://127.0.0.1:8080"}, (PartState("proxy", 8, 0),), "acme")


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_processes(tmp_path, RECORD)
    assert read_processes(tmp_path) == RECORD


def test_it_is_private(tmp_path: Path) -> None:
    write_processes(tmp_path, RECORD)
    assert (tmp_path / "processes.json").stat().st_mode & 0o777 == 0o600


def test_no_record_and_a_broken_one_are_the_same(tmp_path: Path) -> None:
    assert read_processes(tmp_path) is None
    (tmp_path / "processes.json").write_text("{")
    assert read_processes(tmp_path) is None


def test_forgetting_twice_does_nothing(tmp_path: Path) -> None:
    write_processes(tmp_path, RECORD)
    forget_processes(tmp_path)
    forget_processes(tmp_path)
    assert read_processes(tmp_path) is None
