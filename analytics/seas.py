"""`seas`: what a series should be now, from the same time of earlier days and its recent level.

    expected = median of the slot's values on earlier days (and its neighbours'), once a season
               is known, plus the winsorised mean of what the last values had beyond that
    z        = (x - expected) / spread,  spread = 1.4826 * median |residual|, not below a floor

Until a season is known (two days of slots) it is a robust level, good after some fifteen values.
Winsorised means at median -+ 2 spreads: a fifth of the memory may be wrong and the level moves
by less than half a spread. On the log scale z sees drops that drown on the raw one.
Vectorised over series; one row of memory per series, so the cost and the memory are bounded.

>>> import numpy as np
>>> seas = Seas("raw")
>>> for second in range(30):
...     seas.learn(second, np.array([0]), np.array([100.0 + second % 3]))
>>> bool(abs(seas.score(30, np.array([0]), np.array([101.0]))[0]) < 2)
True
>>> bool(seas.score(30, np.array([0]), np.array([200.0]))[0] > 12)
True
"""

from typing import Literal, NamedTuple

import numpy as np

from analytics.windows import Floats, Ints, Table, grown

MEMORY = 128  # recent values kept per series
LEAST_VALUES = 12  # fewer give no score
SLOT_S = 300
DAY_S = 86_400
SLOTS = DAY_S // SLOT_S
DAYS = 4  # values kept per slot
LEAST_DAYS = 2  # days of a slot before it is believed
SEASON_SHARE = 0.9  # of the slots that must be known
LEAST_SPREAD = {"raw": 0.02, "log": 0.02}  # relative to the level, or in log units: nothing is steadier


class Expected(NamedTuple):
    """On the working scale: level and spread of each series, and how many values they rest on."""

    level: Floats
    spread: Floats
    values: Ints


class Seas:
    """Baselines of many series: rows are numbered by the caller from 0."""

    def __init__(self, scale: Literal["raw", "log"]) -> None:
        self.scale = scale
        self._values: Table = np.zeros((8, MEMORY), np.float64)
        self._slots_of: Table = np.zeros((8, MEMORY), np.int32)
        self._count: Table = np.zeros(8, np.int64)
        self._season: Table = np.full((8, SLOTS, DAYS), np.nan, np.float32)
        self._days: Table = np.zeros((8, SLOTS), np.int16)
        self._medians: Table = np.zeros((8, SLOTS), np.float32)
        self._seasonal: Table = np.zeros(8, np.bool_)
        self._under_way: Table = np.zeros((8, 3), np.float64)  # slot, sum, count

    def __len__(self) -> int:
        return int((self._count > 0).sum())

    def to_scale(self, x: Floats) -> Floats:
        """Values on the working scale."""
        return np.log1p(np.maximum(x, 0.0)) if self.scale == "log" else x

    def expected(self, second: int, rows: Ints) -> Expected:
        """What the rows should be at `second`. Changes nothing."""
        known = np.where(rows < len(self._count), rows, 0)
        count = np.where(rows < len(self._count), self._count[known], 0)
        filled = np.arange(MEMORY)[None, :] < np.minimum(count, MEMORY)[:, None]
        season, now = self._seasons(second, known)
        residual = np.where(filled, self._values[known] - season, np.nan)
        centre = medians(residual)
        deviation = 1.4826 * medians(np.abs(residual - centre[:, None]))
        bound = 2.0 * np.maximum(deviation, 1e-12)[:, None]
        clipped = np.clip(
            np.where(filled, residual, centre[:, None]), centre[:, None] - bound, centre[:, None] + bound
        )
        total = np.where(filled, clipped, 0.0).sum(axis=1)
        level = total / np.maximum(filled.sum(axis=1), 1) + now
        least = LEAST_SPREAD[self.scale] * (np.maximum(np.abs(level), 1e-9) if self.scale == "raw" else 1.0)
        return Expected(level, np.maximum(deviation, least), count.astype(np.int64))

    def score(self, second: int, rows: Ints, x: Floats) -> Floats:
        """z of each value; 0 where too little is known or the value is missing (NaN)."""
        expected = self.expected(second, rows)
        z = (self.to_scale(x) - expected.level) / expected.spread
        z[(expected.values < LEAST_VALUES) | ~np.isfinite(z)] = 0.0
        return z

    def learn(self, second: int, rows: Ints, x: Floats) -> None:
        """Take values in; missing ones (NaN) teach nothing. Rows are distinct."""
        present = np.isfinite(x)
        if not present.any():
            return
        rows, values = rows[present], self.to_scale(x[present])
        self._grow(int(rows.max()) + 1)
        at = self._count[rows] % MEMORY
        slot = second % DAY_S // SLOT_S
        self._values[rows, at] = values
        self._slots_of[rows, at] = slot
        self._count[rows] += 1
        self._turn(rows, second // SLOT_S)
        self._under_way[rows, 1] += values
        self._under_way[rows, 2] += 1.0

    def recall(self, seconds: Ints, rows: Ints, x: Floats) -> None:
        """Teach means of whole past slots that begin at `seconds`, of one day at a time (from roll-ups)."""
        present = np.isfinite(x)
        rows, values = rows[present], self.to_scale(x[present])
        if len(rows):
            self._grow(int(rows.max()) + 1)
            self._keep(rows, seconds[present] % DAY_S // SLOT_S, values)

    def _seasons(self, second: int, rows: Ints) -> tuple[Floats, Floats]:
        """Seasonal part of each remembered value [rows, MEMORY], and of now; 0 without a season."""
        seasonal = self._seasonal[rows]
        remembered = np.take_along_axis(self._medians[rows], self._slots_of[rows].astype(np.int64), axis=1)
        now = self._medians[rows, second % DAY_S // SLOT_S]
        return remembered * seasonal[:, None], (now * seasonal).astype(np.float64)

    def _turn(self, rows: Ints, slot: int) -> None:
        """Keep the mean of slots that are over."""
        over = self._under_way[rows, 0] != slot
        ended = over & (self._under_way[rows, 2] > 0)
        gone = rows[ended]
        if len(gone):
            means = self._under_way[gone, 1] / self._under_way[gone, 2]
            self._keep(gone, self._under_way[gone, 0].astype(np.int64) % SLOTS, means)
        self._under_way[rows[over], 0] = slot
        self._under_way[rows[over], 1:] = 0.0

    def _keep(self, rows: Ints, slots: Ints, values: Floats) -> None:
        self._season[rows, slots, self._days[rows, slots] % DAYS] = values
        self._days[rows, slots] += 1
        for shift in (-1, 0, 1):
            near = [(slots + shift + other) % SLOTS for other in (-1, 0, 1)]
            around = np.concatenate([self._season[rows, slot] for slot in near], axis=1)
            self._medians[rows, (slots + shift) % SLOTS] = medians(around.astype(np.float64))
        known = (self._days[rows] >= LEAST_DAYS).mean(axis=1)
        self._seasonal[rows] = known >= SEASON_SHARE

    def _grow(self, rows: int) -> None:
        before = len(self._season)
        for name in (
            "_values",
            "_slots_of",
            "_count",
            "_season",
            "_days",
            "_medians",
            "_seasonal",
            "_under_way",
        ):
            setattr(self, name, grown(getattr(self, name), rows))
        self._season[before:] = np.nan


def medians(matrix: Floats) -> Floats:
    """Median of each row without its NaN; 0 for a row of nothing else. (np.nanmedian is ten times slower.)"""
    ordered = np.sort(matrix, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    low = np.maximum(count - 1, 0) // 2
    high = np.minimum(count // 2, matrix.shape[1] - 1)
    index = np.arange(len(matrix))
    found: Floats = (ordered[index, low] + ordered[index, high]) / 2.0
    return np.where(count > 0, found, 0.0)
