"""Windows of one second of event time, as columns.

A cell is what one identity asked of one route within one second. Cells are gathered under scopes:
each route is one, all routes together are one (`EVERYWHERE`), and so is the set of routes that an
adaptive limit covers. A scoped cell is named by a 64-bit key, so that numpy handles thousands.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Table = npt.NDArray[Any]  # rows of numbers of some type, that grow

EVERYWHERE = "*"  # the scope of all routes; no route's name holds a star
SPANS = (1, 3, 10)  # seconds over which an identity's requests are summed
RING_S = 16  # seconds of counts kept per scoped cell; more than the longest span
SPREADER = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: tells the scopes of one identity apart
MOST_KEYS = 262_144  # scoped cells remembered at once, some 25 MB
IDLE_S = 120  # a cell that was silent for so long is forgotten by the trail
GAP_S = 10  # without any window: what comes after it is a new stretch of traffic
GAP_SPACINGS = 10  # ... where windows are rare: so many times their usual distance
SPACING_WINDOWS = 32  # over which that distance is averaged
MOST_SPACING_S = 30  # a longer one counts as this, so that one long gap does not hide the next


class SeriesRows(NamedTuple):
    """What one second did on each route: one row per route, parallel columns.

    `requests` are those that were let through; times are natural logs of microseconds:
    sums, sums of squares and 95th percentiles, of the upstream's share and of the gateway's own.
    """

    routes: Sequence[str]
    upstreams: Sequence[str]
    requests: Ints
    failures: Ints
    timed: Ints  # requests with an upstream time
    upstream_sum: Floats
    upstream_squares: Floats
    upstream_p95: Floats
    gateway_sum: Floats
    gateway_squares: Floats
    gateway_p95: Floats


class Hour(NamedTuple):
    """Geometric mean of a route's upstream time in one past hour."""

    began: int
    mean_us: float


class AddressRow(NamedTuple):
    """One client address over some seconds, beside the total of all addresses."""

    address: str
    requests: int
    consumers: int
    agents: int
    all_requests: int
    all_consumers: int
    all_agents: int


class LoginRow(NamedTuple):
    """Logins on one route in one second; the subjects and sources that failed, as hashes."""

    route: str
    tries: int
    failures: int
    subjects: Sequence[int]
    sources: Sequence[int]


class MixRow(NamedTuple):
    """Requests of one kind of client (a hash of header order and user agent) on one route in one second."""

    route: str
    mix: int
    requests: int


class ProbeRow(NamedTuple):
    """What one identity asked for in one second that was not there or not allowed; paths as hashes."""

    identity: str
    hash: int
    misses: int
    paths: Sequence[int]
    methods: Sequence[str]


class Window(NamedTuple):
    """One second: [second, second + 1). `hashes`, `counts` and `identities` are parallel, one per cell."""

    second: int
    routes: Sequence[str]
    identities: Sequence[str]
    hashes: Keys
    counts: Ints
    series: SeriesRows
    addresses: Sequence[AddressRow] = ()
    logins: Sequence[LoginRow] = ()
    probes: Sequence[ProbeRow] = ()
    mixes: Sequence[MixRow] = ()


def lately_of(windows: Sequence[Window] | deque[Window]) -> tuple[Window, ...]:
    """Those of the longest span, oldest first: up to the last of them, seconds without a window left out."""
    return tuple(each for each in windows if each.second > windows[-1].second - SPANS[-1])


class Scopes:
    """Numbers the scopes: EVERYWHERE is 0, others in order of appearance; never forgets one.

    Routes come from the policy, so they are few; what lies past the cap counts only in EVERYWHERE.
    """

    MOST = 2_048

    def __init__(self) -> None:
        self.names: list[str] = [EVERYWHERE]
        self._numbers: dict[str, int] = {EVERYWHERE: 0}
        self._covers: dict[int, frozenset[str]] = {}

    def number(self, name: str) -> int:
        """The scope's number; 0 past the cap."""
        found = self._numbers.get(name)
        if found is not None:
            return found
        if len(self.names) >= self.MOST:
            return 0
        self._numbers[name] = len(self.names)
        self.names.append(name)
        return self._numbers[name]

    def cover(self, limits: Mapping[str, frozenset[str]]) -> None:
        """Add one scope for each set of routes that limits cover, all of them aside."""
        self._covers = {self.number(name): routes for name, routes in limits.items()}

    @property
    def covers(self) -> Mapping[int, frozenset[str]]:
        """Scopes that gather several routes."""
        return self._covers


class Slots:
    """Key -> row of arrays that the owner keeps. Keys are found by bisection, vectorised."""

    def __init__(self) -> None:
        self._keys: Keys = np.empty(0, np.uint64)
        self._rows: Ints = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, keys: Keys) -> Ints:
        """Row of each key, -1 where it has none."""
        if not len(self._keys):
            return np.full(len(keys), -1, np.int64)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, self._rows[at], -1)

    def claim(self, keys: Keys) -> Ints:
        """Row of each key (distinct); unknown ones get the next free rows."""
        rows = self.find(keys)
        new = rows < 0
        fresh = int(new.sum())
        if fresh:
            rows[new] = np.arange(len(self), len(self) + fresh)
            added = np.argsort(keys[new], kind="stable")
            at = np.searchsorted(self._keys, keys[new][added])
            self._rows = np.insert(self._rows, at, rows[new][added])
            self._keys = np.insert(self._keys, at, keys[new][added])
        return rows

    def keep(self, rows: Flags) -> None:
        """Forget the rows that are False; the others are numbered anew in their order."""
        numbers = np.cumsum(rows) - 1
        kept = rows[self._rows]
        self._keys, self._rows = self._keys[kept], numbers[self._rows[kept]]


def grown(array: Table, rows: int) -> Table:
    """The array with at least `rows` rows: doubled, so that growth costs little on average."""
    if rows <= len(array):
        return array
    more = np.zeros((max(rows, 2 * len(array)), *array.shape[1:]), array.dtype)
    more[: len(array)] = array
    return more


class Gathered(NamedTuple):
    """The scoped cells of one window, ordered by key; `cell` is one of the window's cells in each."""

    keys: Keys
    scopes: Ints
    hashes: Keys
    counts: Ints
    cell: Ints


def chosen(cells: Gathered, rows: Ints | Flags) -> Gathered:
    """Some of the cells, in their order."""
    return Gathered(
        cells.keys[rows], cells.scopes[rows], cells.hashes[rows], cells.counts[rows], cells.cell[rows]
    )


class Trail(NamedTuple):
    """The identities of a window everywhere, with their sums over SPANS; and their narrower cells.

    `sums` and `active` (seconds with a request) are [identities, SPANS], in the order of `wide`.
    `lately` are the narrower cells of the last seconds, oldest first; the last entry is this window's.
    `since` is the first second after the last gap in the traffic.
    """

    second: int
    since: int
    wide: Gathered
    sums: Ints
    active: Ints
    lately: tuple[tuple[int, Gathered], ...]

    def narrow(self, hashes: Keys) -> tuple[Gathered, Ints, Ints]:
        """This window's narrower cells of some identities (sorted hashes): cells, sums, active seconds."""
        now = self.lately[-1][1]
        picked = np.flatnonzero(is_in(now.hashes, hashes))
        cells = chosen(now, picked)
        ordered = np.zeros((len(picked), SPANS[-1]), np.int64)
        for second, then in self.lately:
            if len(then.keys) and len(picked):
                at = np.minimum(np.searchsorted(then.keys, cells.keys), len(then.keys) - 1)
                ordered[:, self.second - second] = np.where(then.keys[at] == cells.keys, then.counts[at], 0)
        return cells, *summed(ordered)


def is_in(values: Keys, among: Keys) -> Flags:
    """Which values are among sorted others."""
    if not len(among):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(among, values), len(among) - 1)
    return np.asarray(among[at] == values, np.bool_)


def key_of(hashes: Keys, scopes: Ints) -> Keys:
    """The key of identities within scopes."""
    return hashes ^ (scopes.astype(np.uint64) * np.uint64(SPREADER))


def gathered(window: Window, scopes: Ints, cells: Ints) -> Gathered:
    """Some of a window's cells, each under a scope; those of one identity and scope are summed."""
    hashes = window.hashes[cells]
    unique, first, inverse = np.unique(key_of(hashes, scopes), return_index=True, return_inverse=True)
    counts = np.bincount(inverse, weights=window.counts[cells], minlength=len(unique))
    return Gathered(unique, scopes[first], hashes[first], counts.astype(np.int64), cells[first])


def under_scopes(window: Window, scopes: Scopes) -> Gathered:
    """A window's cells under their routes, and under the scopes that cover those routes."""
    names, route_of = np.unique(np.array(window.routes, np.str_), return_inverse=True)
    number_of = np.array([scopes.number(str(name)) for name in names], np.int64)
    own = number_of[route_of] if len(names) else np.empty(0, np.int64)
    cells = np.arange(len(own))
    layers = [(own[own > 0], cells[own > 0])]
    for number, routes in scopes.covers.items():
        covered = np.array([str(name) in routes for name in names], np.bool_)
        inside = covered[route_of] if len(names) else np.empty(0, np.bool_)
        layers.append((np.full(int(inside.sum()), number, np.int64), cells[inside]))
    return gathered(
        window, np.concatenate([each[0] for each in layers]), np.concatenate([each[1] for each in layers])
    )


class Trailing:
    """Remembers the last seconds: of each identity everywhere exactly, of the narrower scopes as they came.

    Few of the narrower cells are ever looked at, so their sums are made when asked for.
    """

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self._slots = Slots()
        self._ring: Table = np.zeros((1_024, RING_S), np.int32)
        self._seen: Table = np.zeros(1_024, np.int64)
        self._narrow: deque[tuple[int, Gathered]] = deque(maxlen=SPANS[-1])
        self._second = 0
        self._swept = 0
        self.since = 0  # the first second after the last gap in the traffic
        self._spacing = 1.0  # seconds from window to window, averaged

    def __len__(self) -> int:
        return len(self._slots)

    def enter(self, window: Window) -> Trail:
        """Add a window, later than all before, and sum what its identities did of late."""
        self._pace(window.second)
        self._turn(window.second)
        everywhere = np.zeros(len(window.hashes), np.int64)
        wide = gathered(window, everywhere, np.arange(len(window.hashes)))
        rows = self._slots.claim(wide.keys)
        self._ring = grown(self._ring, len(self._slots))
        self._seen = grown(self._seen, len(self._slots))
        self._ring[rows, window.second % RING_S] = wide.counts
        self._seen[rows] = window.second
        ages = [(window.second - back) % RING_S for back in range(SPANS[-1])]
        sums, active = summed(self._ring[rows][:, ages].astype(np.int64))
        narrow = under_scopes(window, self._scopes)
        self._narrow.append((window.second, narrow))
        lately = tuple(each for each in self._narrow if each[0] > window.second - SPANS[-1])
        return Trail(window.second, self.since, wide, sums, active, lately)

    def _pace(self, second: int) -> None:
        """Notice a gap: longer than any that traffic as dense as this has by chance."""
        passed = second - self._second
        if passed > max(GAP_S, GAP_SPACINGS * self._spacing) or not self._second:
            self.since = second
        if self._second:
            self._spacing += (min(passed, MOST_SPACING_S) - self._spacing) / SPACING_WINDOWS

    def _turn(self, second: int) -> None:
        """Clear the columns of the seconds between the last window and this one."""
        for gone in range(max(self._second + 1, second - RING_S + 1), second + 1):
            self._ring[:, gone % RING_S] = 0
        self._second = second
        crowded = len(self._slots) > MOST_KEYS
        if second // IDLE_S != self._swept or crowded:
            self._swept = second // IDLE_S
            self._forget(second, crowded=crowded)

    def _forget(self, second: int, *, crowded: bool) -> None:
        size = len(self._slots)
        oldest = second - (RING_S if crowded else IDLE_S)
        kept = self._seen[:size] >= oldest
        self._slots.keep(kept)
        self._ring = grown(self._ring[:size][kept], 1_024)
        self._seen = grown(self._seen[:size][kept], 1_024)


def summed(ordered: Ints) -> tuple[Ints, Ints]:
    """(sums, seconds with a request) per span, of counts [cells, seconds back]."""
    sums = np.stack([ordered[:, :span].sum(axis=1) for span in SPANS], axis=1)
    active = np.stack([(ordered[:, :span] > 0).sum(axis=1) for span in SPANS], axis=1)
    return sums, active


def of_rows(flags: Flags) -> Flags:
    """Whether any flag of each row of a matrix is set."""
    return np.asarray(flags.any(axis=tuple(range(1, flags.ndim))), np.bool_)
