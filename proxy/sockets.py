"""Where a supervisor's workers listen for it: Unix sockets in the data directory, or in a temporary one.

Whatever a killed supervisor left is removed by the next start on its data directory.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PLACE = "sockets"
PREFIX = "tidegate-"
LONGEST_PATH = 100  # bytes; Linux takes 107, macOS 103
LONGEST_NAME = "255.sock"  # of 256 workers


@contextlib.contextmanager
def socket_directory(data: Path) -> Iterator[Path]:
    """An empty directory (mode 0700) with a path short enough for sockets, removed at the end.

    `data` is owned by the caller. Where its path is too long it gets a link to a temporary directory, by
    which the next start finds that one.
    """
    place = data / PLACE
    remove(place)
    if len(os.fsencode(place / LONGEST_NAME)) <= LONGEST_PATH:
        place.mkdir(mode=0o700)
    else:
        place.symlink_to(tempfile.mkdtemp(prefix=PREFIX))
    try:
        yield place.readlink() if place.is_symlink() else place
    finally:
        remove(place)


def remove(place: Path) -> None:
    """Remove the directory, behind a link only one that we made."""
    if place.is_symlink():
        target = place.readlink()
        if target.name.startswith(PREFIX):
            shutil.rmtree(target, ignore_errors=True)
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)
