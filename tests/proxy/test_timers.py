"""The wheel: nothing fires early, moving a deadline away costs nothing, nothing is kept for ever."""

import asyncio

import pytest

from proxy.timers import NEVER, TICK_S, Wheel
from tests.proxy.around import SetClock


class Visited:
    """An entry that notes its visits; `again` is what it says then."""

    def __init__(self, again: float = NEVER) -> None:
        self.visit_at = NEVER
        self.again = again
        self.visits: list[float] = []

    def visit(self, now: float) -> float:
        self.visits.append(now)
        return self.again


def turn_to(wheel: Wheel, clock: SetClock, now: float) -> None:
    while clock.now < now:
        clock.now = min(now, clock.now + TICK_S)
        wheel.turn()


def test_an_entry_is_visited_once_at_its_time() -> None:
    clock = SetClock(100.0)
    wheel, entry = Wheel(clock), Visited()
    wheel.put(entry, 101.0)
    turn_to(wheel, clock, 100.9)
    assert not entry.visits
    turn_to(wheel, clock, 105.0)
    assert len(entry.visits) == 1
    assert 101.0 <= entry.visits[0] <= 101.0 + 3 * TICK_S
    assert len(wheel) == 0


def test_an_entry_says_when_it_wants_to_be_seen_again() -> None:
    clock = SetClock(100.0)
    wheel, entry = Wheel(clock), Visited(again=103.0)
    wheel.put(entry, 101.0)
    turn_to(wheel, clock, 102.5)
    assert len(entry.visits) == 1
    entry.again = NEVER
    turn_to(wheel, clock, 104.0)
    assert len(entry.visits) == 2


def test_an_earlier_time_replaces_a_later_one() -> None:
    clock = SetClock(100.0)
    wheel, entry = Wheel(clock), Visited()
    wheel.put(entry, 150.0)
    wheel.put(entry, 101.0)
    assert len(wheel) == 1
    turn_to(wheel, clock, 102.0)
    assert len(entry.visits) == 1


def test_a_removed_entry_is_not_visited() -> None:
    clock = SetClock(100.0)
    wheel, entry = Wheel(clock), Visited()
    wheel.put(entry, 101.0)
    wheel.remove(entry)
    wheel.remove(entry)
    turn_to(wheel, clock, 103.0)
    assert not entry.visits
    assert len(wheel) == 0


def test_a_stalled_loop_catches_up_in_order() -> None:
    clock = SetClock(100.0)
    wheel = Wheel(clock)
    entries = [Visited() for _ in range(3)]
    for at, entry in enumerate(entries):
        wheel.put(entry, 101.0 + at * 1_000)
    clock.now = 5_000.0
    wheel.turn()
    assert [len(entry.visits) for entry in entries] == [1, 1, 1]


def test_a_deadline_counted_from_soon_does_not_pass_early() -> None:
    clock = SetClock(100.0)
    wheel, entry = Wheel(clock), Visited()
    clock.now = 100.0 + TICK_S * 0.99  # nearly a tick has gone by unseen
    wheel.put(entry, wheel.soon + 1.0)
    begun = clock.now
    turn_to(wheel, clock, 103.0)
    assert entry.visits[0] - begun >= 1.0


async def test_a_turn_that_fails_does_not_stop_the_timers() -> None:
    class Failing(Visited):
        def visit(self, now: float) -> float:
            raise ZeroDivisionError

    clock = SetClock(100.0)
    wheel = Wheel(clock)
    wheel.put(Failing(), 100.0)
    clock.now = 101.0
    with pytest.raises(ZeroDivisionError):
        wheel.start(asyncio.get_running_loop())
    handle = wheel._handle
    assert handle is not None
    assert not handle.cancelled()
    wheel.stop()
    assert handle.cancelled()
