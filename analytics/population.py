"""The most that each identity asked for, per scope and span, and the upper tail of those maxima.

For each scoped cell the greatest sum of each minute over the last ten is kept. The distribution
over identities of the greatest of them is what "usual" means; its tail is fitted as a Pareto tail:
with u the (1 - k/n) quantile, k the square root of n, and beta the mean of ln(x / u) beyond it, the
quantile q is u * ((k/n) / (1 - q)) ** beta (Hill, Ann. Statist. 3, 1975). The two greatest are
winsorised before, so that an abuser who was never noticed does not pull the tail.
"""

from typing import NamedTuple

import numpy as np

from analytics.windows import (
    MOST_KEYS,
    SPANS,
    Flags,
    Floats,
    Gathered,
    Ints,
    Keys,
    Slots,
    Table,
    grown,
    of_rows,
)

BLOCK_S = 60
BLOCKS = 11  # ten whole minutes and the one under way
MOST_COUNT = 65_535
STEPS = 8  # bins per doubling: 9 % wide
BINS = 16 * STEPS + 1
BIN_OF = np.rint(np.log2(np.maximum(np.arange(MOST_COUNT + 1), 1)) * STEPS).astype(np.int64)
MOST_NARROW = 60_000  # cells of narrower scopes
ALL_HASHES = 2**64 - 1
TABLES = ("_hashes", "_scope", "_first", "_maxima", "_greatest")
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
    """Maxima per scoped cell over the last ten minutes, bounded.

    Everybody is kept under EVERYWHERE (up to MOST_KEYS). Of the narrower scopes a sample of the
    identities is kept, the same in each: those whose hash lies below a threshold that sinks when
    MOST_NARROW cells are passed. A sample of identities has the tail of all of them.
    """

    def __init__(self) -> None:
        self._slots = Slots()
        self._hashes: Table = np.zeros(1_024, np.uint64)
        self._scope: Table = np.zeros(1_024, np.int32)
        self._first: Table = np.zeros(1_024, np.int64)
        self._maxima: Table = np.zeros((1_024, len(SPANS), BLOCKS), np.uint16)
        self._greatest: Table = np.zeros((1_024, len(SPANS)), np.uint16)
        self._below = ALL_HASHES
        self._block = 0
        self._fitted: Tails | None = None
        self.since = 0  # first second learnt since the last gap, 0 for none
        self.until = 0  # last second learnt

    def __len__(self) -> int:
        return len(self._slots)

    def is_sampled(self, hashes: Keys) -> Flags:
        """Identities whose narrower cells are learnt."""
        return np.asarray(hashes <= self._below, np.bool_)

    def turn(self, second: int, *, since: int = 0) -> None:
        """Begin a window: forget what is ten minutes old. `since`: where traffic began after its last gap."""
        self.since = max(self.since or second, since)
        self.until = second
        self._fitted = None
        block = second // BLOCK_S
        if block != self._block:
            for gone in range(max(self._block + 1, block - BLOCKS + 1), block + 1):
                self._maxima[:, :, gone % BLOCKS] = 0
            self._block = block
            size = len(self._slots)
            self._greatest = self._maxima.max(axis=2)
            self._keep(of_rows(self._greatest[:size] > 0))
            self._below = (
                min(self._below * 2 + 1, ALL_HASHES) if self._narrow() * 4 < MOST_NARROW else self._below
            )
        while self._narrow() > MOST_NARROW:
            self._below //= 2
            size = len(self._slots)
            self._keep((self._scope[:size] == 0) | (self._hashes[:size] <= self._below))
        if len(self._slots) > MOST_KEYS:
            self._keep(self._first[: len(self._slots)] >= np.median(self._first[: len(self._slots)]))

    def learn(self, second: int, cells: Gathered, sums: Ints) -> None:
        """Remember what distinct cells did in a window."""
        if not len(cells.keys):
            return
        self._fitted = None
        before = len(self._slots)
        rows = self._slots.claim(cells.keys)
        self._grow(len(self._slots))
        fresh = rows >= before
        self._scope[rows[fresh]] = cells.scopes[fresh]
        self._hashes[rows[fresh]] = cells.hashes[fresh]
        self._first[rows[fresh]] = second
        column = self._block % BLOCKS
        counted = np.minimum(sums, MOST_COUNT).astype(np.uint16)
        self._maxima[rows, :, column] = np.maximum(self._maxima[rows, :, column], counted)
        self._greatest[rows] = np.maximum(self._greatest[rows], counted)

    def own(self, keys: Keys) -> tuple[Ints, Ints]:
        """(first second, maxima per span) of each key; zeros for who is unknown."""
        rows = self._slots.find(keys)
        known = rows >= 0
        first = np.where(known, self._first[rows], 0)
        return first.astype(np.int64), (self._greatest[rows] * known[:, None]).astype(np.int64)

    def quantiles(self, scope: int, span: int, shares: Floats) -> Floats:
        """Maxima over a span (its index) that shares of a scope's identities do not pass; 0 for nobody."""
        size = len(self._slots)
        maxima = self._greatest[:size][self._scope[:size] == scope, span]
        if not len(maxima):
            return np.zeros(len(shares))
        found: Floats = np.quantile(maxima.astype(np.float64), shares, method="inverted_cdf")
        return found

    def tails(self, scopes: int) -> Tails:
        """The fitted tails of at least the first `scopes` scopes. Kept until the next window is learnt."""
        if self._fitted is None or len(self._fitted.identities) < scopes:
            self._fitted = self._fit(scopes)
        return self._fitted

    def _fit(self, scopes: int) -> Tails:
        size = len(self._slots)
        scope = self._scope[:size].astype(np.int64)
        bins = BIN_OF[self._greatest[:size]]
        fits = [fit(histograms(scope, bins[:, index], scopes)) for index in range(len(SPANS))]
        return Tails(
            identities=np.bincount(scope, minlength=scopes)[:scopes].astype(np.int64),
            median=np.stack([each[0] for each in fits], axis=1),
            spread=np.stack([each[1] for each in fits], axis=1),
            usual=np.stack([each[2] for each in fits], axis=1),
            greatest=np.stack([each[3] for each in fits], axis=1),
        )

    def _narrow(self) -> int:
        return int((self._scope[: len(self._slots)] > 0).sum())

    def _keep(self, kept: Flags) -> None:
        size = len(kept)
        self._slots.keep(kept)
        for name in TABLES:
            setattr(self, name, grown(getattr(self, name)[:size][kept], 1_024))

    def _grow(self, size: int) -> None:
        for name in TABLES:
            setattr(self, name, grown(getattr(self, name), size))


def histograms(scope: Ints, bins: Ints, scopes: int) -> Ints:
    """How many identities have a maximum in which bin of log2, per scope."""
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
