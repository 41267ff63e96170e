"""Clocks that run faster than time: several processes that replay a log share one.

A clock is told as `ORIGIN:STARTED:SCALE`: at real time STARTED it shows ORIGIN (both in seconds
since 1970), and from then on runs SCALE times as fast. Nothing outside a replay uses it.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

Clock = Callable[[], float]


class Tempo(NamedTuple):
    """Where a scaled clock began, when, and how fast it runs."""

    origin: float
    started: float
    scale: float

    def at(self, real: float) -> float:
        """What the clock shows at a real time.

        >>> Tempo(origin=1000.0, started=50.0, scale=60.0).at(52.0)
        1120.0
        """
        return self.origin + (real - self.started) * self.scale

    def text(self) -> str:
        """The form that processes are told it in."""
        return f"{self.origin!r}:{self.started!r}:{self.scale!r}"


REAL_TIME = Tempo(0.0, 0.0, 1.0)


def parse_tempo(text: str) -> Tempo:
    """`ORIGIN:STARTED:SCALE`; empty text is real time. Raises ValueError, which says what is wrong.

    >>> parse_tempo("1000:50:60").scale
    60.0
    """
    if not text:
        return REAL_TIME
    parts = text.split(":")
    if len(parts) != 3:
        raise ValueError(f"{text!r} is not ORIGIN:STARTED:SCALE")
    tempo = Tempo(*(float(part) for part in parts))
    if not all(math.isfinite(part) for part in tempo) or tempo.scale <= 0:
        raise ValueError(f"{text!r}: the numbers must be finite and SCALE above 0")
    return tempo


def scaled(real: Clock, tempo: Tempo) -> Clock:
    """A clock by a tempo; the real clock itself where the tempo is real time."""
    if tempo == REAL_TIME:
        return real
    return lambda: tempo.at(real())
