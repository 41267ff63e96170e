"""Commands that we name run as printed."""

import shlex
import subprocess
from pathlib import Path

import pytest

from console.called import command, command_of


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """An installed `tidegate`."""
    path = tmp_path / "bin" / "tidegate"
    path.parent.mkdir()
    path.touch()
    return path


def test_on_the_path_its_name_is_enough(script: Path) -> None:
    assert command_of(str(script), "/usr/bin/python3", {"tidegate": str(script)}.get) == "tidegate"


def test_elsewhere_it_is_named_as_it_was_called(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(script.parents[1])
    assert command_of("bin/tidegate", "/usr/bin/python3", {}.get) == "bin/tidegate"


def test_another_one_on_the_path_is_not_taken_for_ours(script: Path, tmp_path: Path) -> None:
    other = tmp_path / "tidegate"
    other.touch()
    assert command_of(str(script), "/usr/bin/python3", {"tidegate": str(other)}.get) == str(script)


def test_a_part_that_we_started_names_the_one_beside_its_interpreter(script: Path) -> None:
    assert command_of("/src/lab/main.py", str(script.parent / "python3"), {}.get) == str(script)


def test_without_a_script_it_is_the_interpreter_with_our_module() -> None:
    assert (
        command_of("/src/console/main.py", "/no such/python", {}.get) == "'/no such/python' -m console.main"
    )


def test_words_are_quoted_and_what_is_printed_runs() -> None:
    printed = command("status", "--data", Path("/no such/directory"))
    done = subprocess.run(shlex.split(printed), capture_output=True, text=True, check=False)
    assert (done.returncode, "no gateway runs on /no such/directory" in done.stderr) == (2, True)
