"""The alerts file, asked of analytics, which reads it: the console imports none of it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from console.settings import inherited
from warehouse.exits import COULD_NOT_RUN, CannotRun

ITS_OWN_NAME = "tidegate-analytics: "  # with which its complaints begin


def alerts_test(file: Path, arguments: Sequence[str]) -> int:
    """Run `alerts-test`, which writes to our standard output; its exit code. Raises CannotRun."""
    command = [sys.executable, "-m", "analytics.main", "alerts-test", "--alerts", str(file), *arguments]
    ended = subprocess.run(  # noqa: S603  # our own interpreter
        command, env=inherited(), check=False, stderr=subprocess.PIPE, text=True
    )
    if ended.returncode == COULD_NOT_RUN:
        raise CannotRun(ended.stderr.strip().removeprefix(ITS_OWN_NAME))
    sys.stderr.write(ended.stderr)
    return ended.returncode


def check_alerts(file: Path) -> None:
    """Read it and send nothing. Raises CannotRun with everything that is wrong with it."""
    alerts_test(file, ("--check",))
