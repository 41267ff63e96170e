"""Looking back for a shift: CUSUM over the last windows of many series, without state of its own.

S = max over j of the sum of the latest j steps; a step is z - K of one window, 0 where the window
is missing. The j of the maximum says when the shift began (Page, Biometrika 41, 1954).

>>> import numpy as np
>>> cusum(np.array([[4.0, 5.0, -1.0, -1.0]]))
(array([9.]), array([2]))
"""

from typing import NamedTuple

import numpy as np

from analytics.windows import Flags, Floats, Ints

H = 10.0
LEAST_WINDOWS = 2  # of the suffix must be anomalous by themselves: one stall is no regression
LEAST_FACTOR = 1.5
LASTING_WINDOWS = 5
LASTING_FACTOR = 1.25


class Shift(NamedTuple):
    """What the last windows say of each row; parallel arrays. Levels are ln microseconds."""

    score: Floats  # S
    windows: Ints  # how many it goes back
    level: Floats
    now: Floats
    ripe: Flags
    lasting: Flags


def cusum(steps: Floats) -> tuple[Floats, Ints]:
    """(S, j) of each row of steps [rows, windows], latest first."""
    sums = np.cumsum(steps, axis=1)
    at = sums.argmax(axis=1)
    return np.maximum(sums[np.arange(len(sums)), at], 0.0), at + 1


def shifted(steps: Floats, x: Floats, weight: Floats, *, level: Floats, least_us: float) -> Shift:
    """Judge rows: `x` ln microseconds and `weight` requests per window [rows, windows]."""
    score, windows = cusum(steps)
    inside = (np.arange(steps.shape[1])[None, :] < windows[:, None]) & (steps != 0.0)
    now = weighed(x, weight * inside, level)
    anomalous = ((steps > 0.0) & inside).sum(axis=1)
    ripe = (score > H) & (anomalous >= LEAST_WINDOWS) & (steps[:, 0] > 0.0)
    ripe &= is_worth(level, now, LEAST_FACTOR, least_us)
    lately = (np.arange(steps.shape[1])[None, :] < LASTING_WINDOWS) & (steps != 0.0)
    recent = weighed(x, weight * lately, level)
    lasting = lately.any(axis=1) & is_worth(level, recent, LASTING_FACTOR, least_us / 2)
    return Shift(score, windows, level, now, ripe & lasting, lasting)


def weighed(x: Floats, weight: Floats, otherwise: Floats) -> Floats:
    """Weighted mean of each row; `otherwise` where nothing weighs."""
    total = weight.sum(axis=1)
    mean = (x * weight).sum(axis=1) / np.maximum(total, 1e-9)
    return np.where(total > 0, mean, otherwise)


def is_worth(level: Floats, now: Floats, factor: float, least_us: float) -> Flags:
    """Whether a shift matters: by a factor and by microseconds."""
    worth: Flags = (now - level >= np.log(factor)) & (np.exp(now) - np.exp(level) >= least_us)
    return worth


def either(first: Shift, second: Shift) -> Shift:
    """The first where it is ripe or the second is not, else the second; it lasts while one does."""
    use = second.ripe & ~first.ripe
    return Shift(
        score=np.where(use, second.score, first.score),
        windows=np.where(use, second.windows, first.windows),
        level=np.where(use, second.level, first.level),
        now=np.where(use, second.now, first.now),
        ripe=first.ripe | second.ripe,
        lasting=first.lasting | second.lasting,
    )
