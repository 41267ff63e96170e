"""Commands that we name run as printed."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from console.called import command, command_of, from_here


def on_the_path(**found: str) -> Callable[[str], str | None]:
    """What `shutil.which` finds."""

    def which(name: str) -> str | None:
        return found.get(name)

    return which


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """An installed `tidegate`."""
    path = tmp_path / "bin" / "tidegate"
    path.parent.mkdir()
    path.touch()
    return path


def test_on_the_path_its_name_is_enough(script: Path) -> None:
    assert command_of(str(script), "/usr/bin/python3", on_the_path(tidegate=str(script))) == "tidegate"


def test_elsewhere_it_is_named_as_it_was_called(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(script.parents[1])
    assert command_of("bin/tidegate", "/usr/bin/python3", on_the_path()) == "bin/tidegate"


def test_another_one_on_the_path_is_not_taken_for_ours(script: Path, tmp_path: Path) -> None:
    other = tmp_path / "tidegate"
    other.touch()
    assert command_of(str(script), "/usr/bin/python3", on_the_path(tidegate=str(other))) == str(script)


def test_a_part_that_we_started_names_the_one_beside_its_interpreter(script: Path) -> None:
    assert command_of("/src/lab/main.py", str(script.parent / "python3"), on_the_path()) == str(script)


def test_without_a_script_it_is_the_interpreter_with_our_module() -> None:
    told = command_of("/src/console/main.py", "/no such/python", on_the_path())
    assert told == "'/no such/python' -m console.main"


def test_words_are_quoted_and_what_is_printed_runs() -> None:
    printed = command("status", "--data", Path("/no such/directory"))
    done = subprocess.run(shlex.split(printed), capture_output=True, text=True, check=False)
    assert (done.returncode, "no gateway runs on /no such/directory" in done.stderr) == (2, True)


def test_a_path_below_the_working_directory_is_told_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_here(tmp_path / "var" / "demo") == Path("var/demo")
    assert from_here(Path("/elsewhere")) == Path("/elsewhere")
    assert from_here(Path("var")) == Path("var")
