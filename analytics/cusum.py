"""Looking back for a shift: CUSUM over the last windows of many series, without state of its own.

S = max over j of the sum of the latest j steps; a step is z - K of one window, 0 where the window
is missing. The j of the maximum says when the shift began (Page, Biometrika 41, 1954).
A stretch of CALM_WINDOWS is an end: what went before it is another incident, or nothing.

>>> import numpy as np
>>> cusum(np.array([[4.0, 5.0, -1.0, -1.0]]))
(array([9.]), array([2]))
"""

from typing import NamedTuple

import numpy as np

from analytics.windows import Flags, Floats, Ints

H = 10.0
LEAST_WINDOWS = 3  # of the suffix must be worth telling by themselves: a stall of a second lies in two
LEAST_STEP = 2.0  # of each of these
CALM_WINDOWS = 3
LEAST_FACTOR = 1.5
LASTING_WINDOWS = 5
LASTING_FACTOR = 1.4
LASTING_SHARE = 0.7  # of the least microseconds


class Shift(NamedTuple):
    """What the last windows say of each row; parallel arrays. Levels are ln microseconds."""

    score: Floats  # S
    windows: Ints  # how many it goes back
    level: Floats
    now: Floats  # over the last few of these
    ripe: Flags
    lasting: Flags
    is_second: Flags  # which of `either` it is


def cusum(steps: Floats) -> tuple[Floats, Ints]:
    """(S, j) of each row of steps [rows, windows], latest first."""
    sums = np.cumsum(steps, axis=1)
    at = sums.argmax(axis=1)
    return np.maximum(sums[np.arange(len(sums)), at], 0.0), at + 1


def shifted(steps: Floats, x: Floats, weight: Floats, *, level: Floats, least_us: float) -> Shift:
    """Judge rows: `x` ln microseconds and `weight` requests per window [rows, windows]."""
    counted = steps != 0.0
    score, windows = cusum(np.where(is_since_calm(steps), steps, 0.0))
    inside = (np.arange(steps.shape[1])[None, :] < windows[:, None]) & counted
    now = weighed(x, weight * inside, level)
    least = (LASTING_FACTOR, least_us * LASTING_SHARE)
    each = (steps > LEAST_STEP) & inside & is_worth(level[:, None], x, LEAST_FACTOR, least[1])
    lately = (np.arange(steps.shape[1])[None, :] < LASTING_WINDOWS) & counted
    recent = weighed(x, weight * lately, level)
    lasting = lately.any(axis=1) & is_worth(level, recent, *least)
    ripe = (score > H) & (each.sum(axis=1) >= LEAST_WINDOWS) & (steps[:, 0] > 0.0)
    ripe &= is_worth(level, now, LEAST_FACTOR, least_us) & is_worth(level, recent, LEAST_FACTOR, least_us)
    now = weighed(x, weight * (lately & inside), recent)
    return Shift(score, windows, level, now, ripe, lasting, np.zeros(len(steps), np.bool_))


def is_since_calm(steps: Floats) -> Flags:
    """Which windows [rows, windows], latest first, no CALM_WINDOWS calm ones in a row have ended."""
    calm = steps < 0.0
    run = np.zeros(len(steps), np.int64)
    over = np.zeros(len(steps), np.bool_)
    since = np.zeros(steps.shape, np.bool_)
    for window in range(steps.shape[1]):
        run = np.where(steps[:, window] == 0.0, run, np.where(calm[:, window], run + 1, 0))
        over |= run >= CALM_WINDOWS
        since[:, window] = ~over
    return since


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
    """The first, where it says as much as the second does, else the second; it lasts while one does."""
    use = (second.ripe & ~first.ripe) | (second.lasting & ~first.lasting)
    return Shift(
        score=np.where(use, second.score, first.score),
        windows=np.where(use, second.windows, first.windows),
        level=np.where(use, second.level, first.level),
        now=np.where(use, second.now, first.now),
        ripe=first.ripe | second.ripe,
        lasting=first.lasting | second.lasting,
        is_second=use,
    )
