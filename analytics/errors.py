"""D16, error burst: binomial control limits per route and upstream.

k failures among n requests against the usual share p. With KL the relative entropy of the
observed share from p, sqrt(2 n KL) is the signed root of the deviance: a z that stays honest where
n is small, unlike a z-score on availability (7-18 % false positives in the design's tests).
It is divided by the square root of the usual over-dispersion (Pearson's chi-square over blocks of
ten windows), because real failures come in bunches. z >= 12 in one window, 8 over three, 6 over more.

Failures are 5xx answers and upstreams that did not answer; refusals of our own do not count at all.
"""

from typing import NamedTuple

import numpy as np

from analytics.detector import LEAST_HISTORY_S, Card, Mask, Scored, Seen, Signal
from analytics.incidents import is_masked, rest_of, whole_upstreams
from analytics.series import DEPTH, ROUTE, UPSTREAM, Recent, Rows
from analytics.windows import Flags, Floats, Ints, Table, grown, of_rows
from kernel.findings import Observation

SPANS = (1, 2, 3, 5, 10, 20, DEPTH)  # windows summed, latest first
LADDER = np.array([12.0, 8.0, 8.0, 6.0, 6.0, 6.0, 6.0])
LEAST_WINDOWS = np.array([1, 2, 2, 2, 3, 3, 3])  # with a failure: persistence
LASTING_SPANS = 4  # the first four of SPANS tell whether it goes on
LEAST_FAILURES = 5
LEAST_EFFECT = 0.05  # share of requests beyond the usual
LASTING_Z = 3.0
LASTING_EFFECT = 0.02
CALM_S = 10  # so long without a failure, over so many requests, ends an incident: what fails later is another
CALM_REQUESTS = 20
BLOCK_WINDOWS = 10
BLOCKS = 60
PRIOR_REQUESTS = 100.0  # before anything is known one in two hundred fails
PRIOR_FAILURES = 0.5
MOST_DISPERSION = 25.0

CARD = Card(
    number="D16",
    kind="error-burst",
    owasp="",
    looks_at=("tenant", "ended_at", "route", "upstream", "status", "outcome", "decision", "interim"),
    silence_is_calm=False,
    adopted_after_s=1_800,
    summary="failures per route and upstream against binomial control limits",
)


class Judged(NamedTuple):
    """Per row of a window, parallel arrays."""

    score: Floats  # of the best span
    span: Ints
    failures: Ints
    requests: Ints
    usual: Floats  # share
    ripe: Flags
    lasting: Flags
    since: Flags  # [rows, windows]: which belong to what goes on now


class ErrorBurst:
    """D16 over all routes and upstreams."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._blocks: Table = np.zeros((8, BLOCKS, 2))  # requests, failures
        self._windows: Table = np.zeros(8, np.int64)
        self._first: Table = np.zeros(8, np.int64)
        self._last: Table = np.zeros(8, np.int64)

    @property
    def card(self) -> Card:
        """What it is."""
        return CARD

    def size(self) -> int:
        """Rows remembered."""
        return int((self._windows > 0).sum())

    def learn(self, seen: Seen, mask: Mask) -> None:
        """Count requests and failures, those of incidents aside."""
        rows = seen.columns.rows
        values = np.stack([seen.columns.of("requests"), seen.columns.of("failures")], axis=1)
        usual = ~is_masked(CARD.number, rows, self._rows, mask) & (values[:, 0] > 0)
        rows, values = rows[usual], values[usual]
        self._grow(len(self._rows.names))
        block = self._windows[rows] // BLOCK_WINDOWS % BLOCKS
        self._blocks[rows, block] = np.where(
            (self._windows[rows] % BLOCK_WINDOWS == 0)[:, None], values, self._blocks[rows, block] + values
        )
        self._first[rows] = np.where(self._windows[rows] == 0, seen.window.second, self._first[rows])
        self._last[rows] = seen.window.second
        self._windows[rows] += 1

    def score(self, seen: Seen) -> Scored:
        """Signals of routes and upstreams that fail more than usual; one ripe per incident."""
        rows = seen.recent.rows
        if not len(rows):
            return Scored(())
        judged = self._judge(seen)
        names = [self._rows.names[row] for row in rows]
        whole = whole_upstreams(self._rows, rows, judged.ripe, self._rest_fails(seen, judged))
        signals = tuple(
            self._signal(seen, judged, int(at), whole) for at in np.flatnonzero(judged.lasting | judged.ripe)
        )
        calm = frozenset(
            name
            for at, name in enumerate(names)
            if not judged.lasting[at] and not judged.ripe[at] and seen.columns.of("requests")[at] > 0
        )
        return Scored(signals, calm)

    def _usual(self, rows: Ints) -> tuple[Floats, Floats, Flags]:
        """(share, over-dispersion, whether enough is known) of each row."""
        known = np.where(rows < len(self._windows), rows, 0)
        inside = rows < len(self._windows)
        requests = self._blocks[known, :, 0] * inside[:, None]
        failures = self._blocks[known, :, 1] * inside[:, None]
        share = (failures.sum(axis=1) + PRIOR_FAILURES) / (requests.sum(axis=1) + PRIOR_REQUESTS)
        expected = requests * share[:, None]
        variance = np.maximum(expected * (1.0 - share[:, None]), 1e-9)
        filled = requests > 0
        chi2 = np.where(filled, (failures - expected) ** 2 / variance, 0.0).sum(axis=1)
        dispersion = np.clip(chi2 / np.maximum(filled.sum(axis=1) - 1, 1), 1.0, MOST_DISPERSION)
        span = (self._last[known] - self._first[known]) * inside
        enough = (span >= LEAST_HISTORY_S) & (requests.sum(axis=1) >= 20)
        return share, dispersion, enough

    def _judge(self, seen: Seen) -> Judged:
        share, dispersion, enough = self._usual(seen.recent.rows)
        upto = np.array(SPANS) - 1
        since = is_since_calm(seen.recent)
        failed = seen.recent.of("failures") * since
        requests = np.cumsum(seen.recent.of("requests") * since, axis=1)[:, upto]
        failures = np.cumsum(failed, axis=1)[:, upto]
        bad_windows = np.cumsum(failed > 0, axis=1)[:, upto]
        observed = failures / np.maximum(requests, 1.0)
        z = deviance_z(failures, requests, share) / np.sqrt(dispersion)[:, None] * enough[:, None]
        effect = observed - share[:, None]
        ripe = (z >= LADDER) & (failures >= LEAST_FAILURES) & (effect >= LEAST_EFFECT)
        ripe &= bad_windows >= LEAST_WINDOWS
        lasting = of_rows(((z >= LASTING_Z) & (effect >= LASTING_EFFECT))[:, :LASTING_SPANS])
        # What is over opens nothing.
        ripe &= ((seen.columns.of("failures") > 0) & lasting)[:, None]
        any_ripe = of_rows(ripe)
        best = np.where(any_ripe, np.where(ripe, z, -1.0).argmax(axis=1), z.argmax(axis=1))
        at = np.arange(len(z))
        return Judged(
            z[at, best],
            best,
            failures[at, best].astype(np.int64),
            requests[at, best].astype(np.int64),
            share,
            any_ripe,
            lasting,
            since,
        )

    def _rest_fails(self, seen: Seen, judged: Judged) -> Flags:
        """For rows of upstreams: whether they fail without their worst route, too."""
        failures = seen.recent.of("failures")[:, :3].sum(axis=1)
        requests = seen.recent.of("requests")[:, :3].sum(axis=1)
        rest_failures, rest_requests = rest_of(self._rows, seen.recent.rows, failures, requests)
        z = deviance_z(rest_failures[:, None], rest_requests[:, None], judged.usual)[:, 0]
        rest: Flags = (z >= 4.0) & (rest_failures >= 3)
        return rest

    def _signal(self, seen: Seen, judged: Judged, at: int, whole: frozenset[str]) -> Signal:
        row = int(seen.recent.rows[at])
        name, upstream = self._rows.names[row], self._rows.upstreams[row]
        kind, _, rest = name.partition(":")
        is_whole = name.startswith(UPSTREAM)
        ripe = bool(judged.ripe[at]) and is_whole == (upstream in whole)
        windows = SPANS[int(judged.span[at])]
        failures, requests = int(judged.failures[at]), int(judged.requests[at])
        bad = (seen.recent.of("failures")[at, :windows] > 0) & judged.since[at, :windows]
        onset = int(seen.recent.seconds[at, :windows][bad].min()) if bad.any() else seen.window.second
        share, usual = failures / max(requests, 1), float(judged.usual[at])
        return Signal(
            key=name,
            kind=CARD.kind,
            ripe=ripe,
            score=round(float(judged.score[at]), 3),
            onset=onset,
            route=worst_route(seen, self._rows, upstream) if is_whole else rest,
            identity="",
            group=upstream or name,
            severity="critical" if share >= 0.25 else "warning",
            summary=f"{kind} {rest}: {failures} of {requests} requests failed, usual are {usual:.2%}",
            evidence=(
                Observation("failed_share", round(share * 100, 4), round(usual * 100, 4), "%"),
                Observation("failures", float(failures), round(requests * usual, 4), "requests"),
                Observation("requests", float(requests), float(requests), "requests"),
            ),
        )

    def _grow(self, rows: int) -> None:
        for name in ("_blocks", "_windows", "_first", "_last"):
            setattr(self, name, grown(getattr(self, name), rows))


def deviance_z(failures: Floats, requests: Floats, share: Floats) -> Floats:
    """Signed root of the binomial deviance of [rows, spans] against a share per row.

    >>> float(deviance_z(np.array([[10.0]]), np.array([[20.0]]), np.array([0.005])).round(1)[0, 0])
    8.9
    """
    total = np.maximum(requests, 1.0)
    observed = np.clip(failures / total, 0.0, 1.0)
    usual = np.clip(share, 1e-9, 1.0 - 1e-9)[:, None]
    hit = np.where(observed > 0, observed * np.log(np.maximum(observed, 1e-12) / usual), 0.0)
    miss = np.where(observed < 1, (1 - observed) * np.log(np.maximum(1 - observed, 1e-12) / (1 - usual)), 0.0)
    root: Floats = np.sqrt(np.maximum(2.0 * requests * (hit + miss), 0.0)) * np.sign(observed - usual)
    return root


def is_since_calm(recent: Recent) -> Flags:
    """Which windows [rows, windows], latest first, no calm of CALM_S and CALM_REQUESTS has ended."""
    failures, requests, seconds = recent.of("failures"), recent.of("requests"), recent.seconds
    rows = len(seconds)
    quiet, ended_at = np.zeros(rows), seconds[:, 0].copy()
    over, since = np.zeros(rows, np.bool_), np.zeros(seconds.shape, np.bool_)
    for window in range(seconds.shape[1]):
        fails = failures[:, window] > 0
        over |= (quiet >= CALM_REQUESTS) & (ended_at - seconds[:, window] > CALM_S)
        since[:, window] = ~over
        quiet = np.where(fails, 0.0, quiet + requests[:, window])
        ended_at = np.where(fails, seconds[:, window], ended_at)
    return since


def worst_route(seen: Seen, rows: Rows, upstream: str) -> str:
    """The route of an upstream with the most failures of late."""
    failures = seen.recent.of("failures")[:, :3].sum(axis=1)
    routes = [
        (-failures[at], rows.names[row])
        for at, row in enumerate(seen.recent.rows)
        if rows.upstreams[row] == upstream and rows.names[row].startswith(ROUTE)
    ]
    return min(routes)[1].removeprefix(ROUTE) if routes else ""
