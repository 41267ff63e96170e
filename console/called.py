"""What to type for `tidegate`, so that a command which a program names runs as it is printed."""

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

NAME = "tidegate"

Which = Callable[[str], str | None]


def command_of(script: str, interpreter: str, which: Which) -> str:
    """`tidegate` where the PATH finds this one, else its path as it was called or as it lies beside
    the interpreter, else the interpreter with our module."""
    path = Path(script) if Path(script).name == NAME else Path(interpreter).parent / NAME
    if not path.is_file():
        return f"{shlex.quote(interpreter)} -m console.main"
    found = which(NAME)
    return NAME if found and Path(found).samefile(path) else shlex.quote(str(from_here(path)))


def command(*words: str | Path) -> str:
    """A command line of ours for the operator to copy."""
    ours = command_of(sys.argv[0], sys.executable, shutil.which)
    told = (str(from_here(word)) if isinstance(word, Path) else word for word in words)
    return " ".join([ours, *map(shlex.quote, told)])


def from_here(path: Path) -> Path:
    """A path below the working directory as one would type it there; others as they are."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
