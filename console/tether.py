"""`python -m console.tether COMMAND…`: become COMMAND, and be stopped when the parent dies.

Without it a supervisor that is killed with -9 would leave a warehouse behind that holds the
data directory. PR_SET_PDEATHSIG (Linux, prctl(2)) survives the exec; elsewhere this only execs.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM at the parent's death; end at once where `parent` is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(0)


def main(arguments: list[str]) -> None:
    """`PARENT-PID COMMAND ARGUMENTS…`."""
    tie_to_parent(int(arguments[0]))
    os.execv(arguments[1], arguments[1:])  # noqa: S606  # no shell: our own interpreter


if __name__ == "__main__":
    main(sys.argv[1:])
