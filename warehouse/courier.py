"""One thread that waits for the warehouse, so that the one that asked can go on encoding."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

Answer = TypeVar("Answer")
# How often the asking thread looks after its own work while it waits.
POLL_S = 0.02


class GaveUp(Exception):
    """`meanwhile` had no more time, or the errand broke its thread. It may have succeeded."""


class Courier:
    """Runs one errand at a time. A daemon: an answer that never comes does not hold up the process's end."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._errands: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._answered: SimpleQueue[None] = SimpleQueue()

    def run(self, errand: Callable[[], Answer], meanwhile: Callable[[], bool]) -> Answer:
        """What the errand returns (it must not raise); `meanwhile` is called as long as it has not.

        GaveUp where `meanwhile` returns False; the thread is left to its errand.
        """
        if self._thread is None:
            self._errands, self._answered = SimpleQueue(), SimpleQueue()
            queues = (self._errands, self._answered)
            self._thread = threading.Thread(target=work, args=queues, name="telemetry courier", daemon=True)
            self._thread.start()
        answers: list[Answer] = []
        self._errands.put(lambda: answers.append(errand()))
        while True:
            try:
                self._answered.get(timeout=POLL_S)
            except Empty:
                if self._thread.is_alive() and meanwhile():
                    continue
                self.close()
                raise GaveUp from None
            return answers[0]

    def close(self) -> None:
        """Let the thread end when its errand does."""
        self._errands.put(None)
        self._thread = None


def work(errands: "SimpleQueue[Callable[[], None] | None]", answered: "SimpleQueue[None]") -> None:
    """Run errands until None."""
    while (errand := errands.get()) is not None:
        errand()
        answered.put(None)
