"""The tether: a child does not outlive a parent that was killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_S = 20.0

# Starts a tethered child that sleeps, tells its pid, and waits.
PARENT = """
import os, subprocess, sys, time
sleeper = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(99)"]
command = [sys.executable, "-m", "console.tether", str(os.getpid()), *sleeper]
child = subprocess.Popen(command, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(99)
"""


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_child_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_running(child)
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE_S
    while is_running(child):
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.02)


def test_it_becomes_the_command_with_its_arguments() -> None:
    echo = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "a b", "--c"]
    command = [sys.executable, "-m", "console.tether", str(os.getpid()), *echo]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout == "['a b', '--c']\n"


def test_it_does_not_start_for_a_parent_that_is_gone() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "console.tether", "1", sys.executable, "-c", "print('ran')"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == ""
