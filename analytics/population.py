"""The most that each identity asked for, per scope and span, and the upper tail of those maxima.

For each scoped cell the greatest sum of each minute over the last ten is kept. The distribution
over identities of the greatest of them is what "usual" means; its tail is fitted as a Pareto tail:
with u the (1 - k/n) quantile, k the square root of n, and beta the mean of ln(x / u) beyond it, the
quantile q is u * ((k/n) / (1 - q)) ** beta (Hill, Ann. Statist. 3, 1975). The two greatest are
winsorised before, so that an abuser who was never noticed does not pull the tail.
"""

from typing import NamedTuple

import numpy as np

from analytics.windows import MOST_KEYS, SPANS, Flags, Floats, Ints, Keys, Slots, Table, grown, of_rows

BLOCK_S = 60
BLOCKS = 11  # ten whole minutes and the one under way
MOST_COUNT = 65_535
STEPS = 8  # bins per doubling: 9 % wide
BINS = 16 * STEPS + 1
SPREAD_AT = 0.9
LEAST_TAIL = 8  # identities beyond the knee
TAIL = 0.999
TRIMMED = 2.0  # identities
LEAST_BETA = 0.08  # populations of equals still vary


class Tails(NamedTuple):
    """What is usual, per scope and span: arrays [scopes, SPANS]; requests per span.

    `usual` is the 99.9th percentile over identities, `greatest` the greatest maximum seen,
    `spread` a standard deviation by quantiles.
    """

    identities: Ints  # [scopes]
    median: Floats
    spread: Floats
    usual: Floats
    greatest: Floats


class Population:
    """Maxima per scoped cell, bounded to the last ten minutes and to MOST_KEYS cells."""

    def __init__(self) -> None:
        self._slots = Slots()
        self._scope: Table = np.zeros(1_024, np.int32)
        self._first: Table = np.zeros(1_024, np.int64)
        self._maxima: Table = np.zeros((1_024, len(SPANS), BLOCKS), np.uint16)
        self._block = 0
        self.since = 0  # first second learnt, 0 for none
        self.until = 0  # last second learnt

    def __len__(self) -> int:
        return len(self._slots)

    def learn(self, second: int, keys: Keys, scopes: Ints, sums: Ints) -> None:
        """Remember what distinct cells did in a window; windows come in order."""
        self.since = self.since or second
        self.until = second
        self._turn(second // BLOCK_S)
        if not len(keys):
            return
        before = len(self._slots)
        rows = self._slots.claim(keys)
        size = len(self._slots)
        self._scope = grown(self._scope, size)
        self._first = grown(self._first, size)
        self._maxima = grown(self._maxima, size)
        fresh = rows >= before
        self._scope[rows[fresh]] = scopes[fresh]
        self._first[rows[fresh]] = second
        column = self._block % BLOCKS
        counted = np.minimum(sums, MOST_COUNT).astype(np.uint16)
        self._maxima[rows, :, column] = np.maximum(self._maxima[rows, :, column], counted)

    def own(self, keys: Keys) -> tuple[Ints, Ints]:
        """(first second, maxima per span) of each key; zeros for who is unknown."""
        rows = self._slots.find(keys)
        known = rows >= 0
        first = np.where(known, self._first[rows], 0)
        maxima = self._maxima[rows].max(axis=2) * known[:, None]
        return first.astype(np.int64), maxima.astype(np.int64)

    def tails(self, scopes: int) -> Tails:
        """The fitted tails of the first `scopes` scopes. Pure."""
        size = len(self._slots)
        scope = self._scope[:size].astype(np.int64)
        maxima = self._maxima[:size].max(axis=2, initial=0).astype(np.float64)
        fits = [fit(histograms(scope, maxima[:, index], scopes)) for index in range(len(SPANS))]
        return Tails(
            identities=np.bincount(scope, minlength=scopes)[:scopes].astype(np.int64),
            median=np.stack([each[0] for each in fits], axis=1),
            spread=np.stack([each[1] for each in fits], axis=1),
            usual=np.stack([each[2] for each in fits], axis=1),
            greatest=np.stack([each[3] for each in fits], axis=1),
        )

    def _turn(self, block: int) -> None:
        """Clear the columns of new minutes; forget who left nothing in any."""
        if block == self._block:
            return
        for gone in range(max(self._block + 1, block - BLOCKS + 1), block + 1):
            self._maxima[:, :, gone % BLOCKS] = 0
        self._block = block
        size = len(self._slots)
        kept: Flags = of_rows(self._maxima[:size] > 0)
        if kept.sum() > MOST_KEYS:
            recent = np.argsort(-self._first[:size][kept], kind="stable")[:MOST_KEYS]
            chosen = np.zeros(size, np.bool_)
            chosen[np.flatnonzero(kept)[recent]] = True
            kept = chosen
        self._slots.keep(kept)
        self._scope = grown(self._scope[:size][kept], 1_024)
        self._first = grown(self._first[:size][kept], 1_024)
        self._maxima = grown(self._maxima[:size][kept], 1_024)


def histograms(scope: Ints, maxima: Floats, scopes: int) -> Ints:
    """How many identities have which maximum, per scope, in bins of log2."""
    bins = np.rint(np.log2(np.maximum(maxima, 1.0)) * STEPS).astype(np.int64)
    inside = scope < scopes
    flat = np.bincount(scope[inside] * BINS + bins[inside], minlength=scopes * BINS)
    return flat.reshape(scopes, BINS).astype(np.int64)


def fit(histogram: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    """(median, spread, 99.9th percentile, greatest) per row of a histogram [scopes, BINS]."""
    values = np.exp2(np.arange(BINS) / STEPS)
    total = histogram.sum(axis=1)
    below = np.cumsum(histogram, axis=1)

    def quantile(share: Floats | float) -> Floats:
        wanted = np.maximum(np.ceil(share * total), 1)
        found: Floats = values[(below < wanted[:, None]).sum(axis=1).clip(0, BINS - 1)]
        return found

    many = np.maximum(total, 1)
    beyond_share = np.minimum(np.maximum(np.sqrt(many), LEAST_TAIL) / many, 1.0 - SPREAD_AT)
    median, high, knee = quantile(0.5), quantile(SPREAD_AT), quantile(1.0 - beyond_share)
    cap = np.maximum(quantile(1.0 - np.minimum(TRIMMED / many, beyond_share)), knee)
    capped = np.minimum(values[None, :], cap[:, None])
    excess = np.where(capped > knee[:, None], np.log(capped / knee[:, None]), 0.0) * histogram
    count = np.where(values[None, :] > knee[:, None], histogram, 0).sum(axis=1)
    beyond = np.maximum(count, 1)
    # Few points beyond the knee: widen by the standard error of a mean of exponentials.
    beta = np.maximum(excess.sum(axis=1) / beyond * (1.0 + 1.0 / np.sqrt(beyond)), LEAST_BETA)
    usual = knee * (np.maximum(count / many, 1.0 - TAIL) / (1.0 - TAIL)) ** beta
    greatest = values[np.where(histogram > 0, np.arange(BINS), 0).max(axis=1)]
    spread = np.maximum.reduce([(high - median) / 1.2816, np.sqrt(median), np.ones_like(median)])
    return median, spread, usual, greatest
