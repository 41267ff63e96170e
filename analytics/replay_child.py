"""The process beside analytics that replays: started by exec, started again where it ends, ended with us."""

import contextlib
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Final

AGAIN_AFTER_S: Final = 5.0
ENDS_WITHIN_S: Final = 5.0
LOOK_EVERY_S: Final = 0.5

log = logging.getLogger("tidegate.analytics.replays")


@contextlib.contextmanager
def beside_me(arguments: list[str], clock: Callable[[], float]) -> Iterator[None]:
    """Keep `python -m analytics.main jobs ARGUMENTS` running for the length of a with block."""
    stop = Event()
    command = [sys.executable, "-m", "analytics.main", "jobs", *arguments]
    keeper = Thread(target=keep, args=(command, stop, clock), name="replays")
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def keep(command: list[str], stop: Event, clock: Callable[[], float]) -> None:
    """Run a command until `stop`; where it ends before, again after a pause."""
    while not stop.is_set():
        began = clock()
        code = run_until(command, stop)
        if not stop.is_set():
            log.warning("the replaying process ended with %d after %.0f s; again soon", code, clock() - began)
            stop.wait(AGAIN_AFTER_S)


def run_until(command: list[str], stop: Event) -> int:
    """Run a command; at `stop` its standard input ends, which asks it to end. Gives its exit code."""
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603  # our own words
        while not stop.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(LOOK_EVERY_S)
        if process.stdin is not None:
            process.stdin.close()
        try:
            return process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
