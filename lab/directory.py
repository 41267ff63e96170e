"""Where the demo's data are: an empty directory at the start of each run, marked as the demo's own.

The marker is a lock as well, held for as long as the demo lives: what a demo left is emptied or removed
only where a marker stands in it and no living process holds it.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from warehouse.exits import CannotRun
from warehouse.ownership import LOCK_FILE, AlreadyOwned, claim, engine_owner_of, owner_of

MARKER = "tidegate-demo.lock"
DEFAULT = Path("var/demo")
PREFIX = "tidegate-demo-"  # of temporary directories

Say = Callable[[str], None]


@contextlib.contextmanager
def directory_of(data: Path | None, once: bool, say: Say) -> Iterator[Path]:
    """The directory asked for, emptied where an earlier demo left it; with `once` and none, a temporary one.

    Raises AlreadyOwned where it is in use, CannotRun where it holds what is not a demo's.
    """
    if data is not None or not once:
        directory = (data or DEFAULT).absolute()
        refuse_others(directory)
        with contextlib.closing(claim(directory, MARKER)):
            if empty(directory):
                say(f"emptied {directory}, which held the data of an earlier demo")
            yield directory
        return
    remove_stale(Path(tempfile.gettempdir()), say)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as temporary,
        contextlib.closing(claim(Path(temporary), MARKER)),
    ):
        yield Path(temporary)


def refuse_others(directory: Path) -> None:
    """Raise AlreadyOwned or CannotRun unless the directory is absent, empty or a dead demo's."""
    if not directory.exists():
        return
    if not directory.is_dir():
        raise CannotRun(f"{directory} is no directory; choose another with --data")
    owner = living_owner_of(directory)
    if owner is not None:
        raise AlreadyOwned(*owner)
    there = {each.name for each in directory.iterdir()}
    if there - {LOCK_FILE} and MARKER not in there:
        raise CannotRun(
            f"{directory} holds what is not a demo's (it has no {MARKER}), and the demo starts on an empty"
            " directory; choose another with --data, or remove it"
        )


def living_owner_of(directory: Path) -> tuple[Path, str] | None:
    """The lock that a living process holds, and its process id; a part may outlive its demo by seconds."""
    for lock_file in (MARKER, LOCK_FILE):
        owner = owner_of(directory, lock_file)
        if owner is not None:
            return directory / lock_file, owner
    engine = engine_owner_of(directory / "warehouse")
    if engine is not None and engine.holds:
        return directory / "warehouse", str(engine.pid)
    return None


def empty(directory: Path) -> bool:
    """Remove all but the marker; whether there was anything."""
    there = [each for each in directory.iterdir() if each.name != MARKER]
    for each in there:
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
    return any(each.name != LOCK_FILE for each in there)


def remove_stale(folder: Path, say: Say) -> None:
    """Remove our own temporary directories of demos that were killed."""
    for directory in folder.glob(f"{PREFIX}*"):
        try:
            is_ours = directory.stat(follow_symlinks=False).st_uid == os.getuid()
        except OSError:
            continue
        if not is_ours or not (directory / MARKER).exists() or living_owner_of(directory) is not None:
            continue
        shutil.rmtree(directory, ignore_errors=True)
        say(f"removed {directory}, which a demo that was killed had left")
