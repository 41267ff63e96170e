"""A wheel of coarse timers: a request costs it an attribute or two, never a timer of its own.

Each entry sits in the slot of its next visit. Moving a deadline further away costs nothing: the
entry is visited at the old time, says when it wants to be visited next, and is put there.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Protocol

TICK_S = 0.1
NEVER = math.inf


class Entry(Protocol):
    """What the wheel visits. `visit_at` belongs to the wheel: NEVER while the entry is not in it."""

    visit_at: float

    def visit(self, now: float) -> float:
        """Act on deadlines that passed; returns the time of the next visit, or NEVER."""


class Wheel:
    """Timers with a resolution of TICK_S.

    `soon` is the monotonic time of the next tick in seconds: a deadline that is counted from it
    costs no look at the clock and never passes early.
    """

    __slots__ = ("_clock", "_handle", "_slots", "_ticks", "soon")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._slots: dict[int, set[Entry]] = {}
        self._handle: asyncio.TimerHandle | None = None
        now = clock()
        self.soon = now + TICK_S
        self._ticks = int(now / TICK_S)

    def put(self, entry: Entry, when: float) -> None:
        """Visit `entry` at `when`, instead of any later visit that was planned."""
        if entry.visit_at != NEVER:
            self.remove(entry)
        tick = max(int(when / TICK_S), self._ticks) + 1
        entry.visit_at = tick * TICK_S
        self._slots.setdefault(tick, set()).add(entry)

    def remove(self, entry: Entry) -> None:
        """Forget an entry."""
        if entry.visit_at == NEVER:
            return
        tick = round(entry.visit_at / TICK_S)
        entry.visit_at = NEVER
        slot = self._slots.get(tick)
        if slot is not None:
            slot.discard(entry)
            if not slot:
                del self._slots[tick]

    def turn(self) -> None:
        """Visit every entry whose time has come."""
        now = self._clock()
        self.soon = now + TICK_S
        last = int(now / TICK_S)
        if last - self._ticks > len(self._slots):
            due = sorted(tick for tick in self._slots if tick <= last)
        else:
            due = [tick for tick in range(self._ticks + 1, last + 1) if tick in self._slots]
        self._ticks = max(last, self._ticks)
        for tick in due:
            for entry in self._slots.pop(tick):
                entry.visit_at = NEVER
                again = entry.visit(now)
                if again != NEVER and entry.visit_at == NEVER:
                    self.put(entry, again)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Turn every TICK_S until stopped; a turn that fails does not stop it."""
        self._handle = loop.call_later(TICK_S, self.start, loop)
        self.turn()

    def stop(self) -> None:
        """Turn no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def __len__(self) -> int:
        return sum(map(len, self._slots.values()))
