"""The process beside analytics: real processes, no replays."""

import sys
from threading import Event, Thread

from analytics.replay_child import run_until

LISTENING = "import sys; sys.stdin.read()"


def test_its_end_is_noticed() -> None:
    assert run_until([sys.executable, "-c", "raise SystemExit(3)"], Event()) == 3


def test_it_ends_when_its_input_does() -> None:
    stop = Event()
    ended: list[int] = []
    running = Thread(target=lambda: ended.append(run_until([sys.executable, "-c", LISTENING], stop)))
    running.start()
    stop.set()
    running.join(20)
    assert ended == [0]
