"""D7, vulnerability scan: an identity tries path after path that is not there or not allowed.

Over ten seconds, by answers 403, 404 and 405 (no route, no such thing, not with this method, denied):
1. at least LEAST_PATHS distinct paths missed, and twice what 99.9 % of those who miss anything do;
2. at least half of what the identity asked for is missed;
3. misses among its requests against everybody's usual share, as a binomial deviance: z >= 6.
   Usual is what was learnt, or what all others do within this very second, whichever is more.
A crawler that meets a dead link now and then, and a page with one broken image, miss few paths.
Where the others miss half of what they ask for, a release is broken: nothing is ripe then.
"""

from typing import NamedTuple

import numpy as np

from analytics.detector import LEAST_HISTORY_S, Card, Mask, Scored, Seen, Signal
from analytics.errors import deviance_z
from analytics.windows import SPANS, ProbeRow, Window
from kernel.findings import Observation

LEAST_PATHS = 8
MORE_PATHS = 2.0
LEAST_SHARE = 0.5  # of the identity's requests
LEAST_Z = 6.0
LEAST_USUAL, MOST_USUAL = 0.01, 0.5  # share of misses that counts as usual, at least and at most
PRIOR_REQUESTS = 100.0
PRIOR_OTHERS = 20.0  # requests of others within the second that count as usual
CROWD_SHARE = 0.4  # of what the others ask for
SWEEP = 4  # methods
MINUTES = 11  # ten whole minutes and the one under way
BINS = 128  # distinct paths, the last bin open
TAIL = 0.999
QUIET_S = 60  # waves of one attack are one finding

CARD = Card(
    number="D7",
    kind="vulnerability-scan",
    owasp="API8",
    looks_at=("tenant", "ended_at", "identity", "path_hash", "method", "status", "interim"),
    silence_is_calm=True,
    adopted_after_s=86_400,
    summary="distinct paths per identity that are not there or not allowed, against its peers",
    quiet_s=QUIET_S,
)


class Missed(NamedTuple):
    """What one identity missed over the last ten seconds."""

    identity: str
    misses: int
    paths: int
    methods: int
    requests: int
    onset: int


class VulnerabilityScan:
    """D7 over all identities."""

    def __init__(self) -> None:
        self._counts = np.zeros((MINUTES, 2))  # requests, misses
        self._paths = np.zeros((MINUTES, BINS))  # identities by distinct paths missed in ten seconds
        self._minute = 0
        self._since = 0
        self._until = 0

    @property
    def card(self) -> Card:
        """What it is."""
        return CARD

    def size(self) -> int:
        """Minutes remembered."""
        return int((self._counts[:, 0] > 0).sum())

    def learn(self, seen: Seen, mask: Mask) -> None:
        """Count requests and misses, scanners' aside."""
        second = seen.window.second
        self._since = self._since or second
        self._until = second
        for gone in range(max(self._minute + 1, second // 60 - MINUTES + 1), second // 60 + 1):
            self._counts[gone % MINUTES] = 0.0
            self._paths[gone % MINUTES] = 0.0
        self._minute = second // 60
        at = self._minute % MINUTES
        usual = [row for row in seen.window.probes if not mask.holds(CARD.number, row.identity)]
        self._counts[at] += (int(seen.window.counts.sum()), sum(row.misses for row in usual))
        paths = paths_of(seen.lately)
        for row in usual:
            self._paths[at, min(paths[row.identity], BINS - 1)] += 1.0

    def score(self, seen: Seen) -> Scored:
        """Signals of identities that miss path after path."""
        if self._until - self._since < LEAST_HISTORY_S or not seen.window.probes:
            return Scored(())
        share, most = self._usual()
        paths = paths_of(seen.lately)
        signals = []
        for row in seen.window.probes:
            if not row.identity or paths[row.identity] < LEAST_PATHS:
                continue
            missed = missed_of(seen, row, paths[row.identity])
            if missed.misses >= LEAST_SHARE * missed.requests:
                signals.append(to_signal(missed, judge(missed, share, others_share(seen, row, share), most)))
        return Scored(tuple(signals))

    def _usual(self) -> tuple[float, int]:
        """(share of requests that miss, distinct paths that 99.9 % of those who miss do not pass)."""
        requests, misses = self._counts.sum(axis=0)
        share = float(np.clip(misses / (requests + PRIOR_REQUESTS), LEAST_USUAL, MOST_USUAL))
        upto = np.cumsum(self._paths.sum(axis=0))
        return share, int(np.searchsorted(upto, TAIL * upto[-1])) if upto[-1] else 0


class Verdict(NamedTuple):
    """What is usual, and what was concluded of one identity."""

    share: float
    most_paths: int
    score: float
    ripe: bool


def paths_of(lately: tuple[Window, ...]) -> dict[str, int]:
    """Identity -> distinct paths missed over the last ten seconds, of those who missed in the last one."""
    found: dict[str, set[int]] = {row.identity: set() for row in lately[-1].probes}
    for window in lately:
        for row in window.probes:
            if row.identity in found:
                found[row.identity].update(row.paths)
    return {identity: len(paths) for identity, paths in found.items()}


def missed_of(seen: Seen, row: ProbeRow, paths: int) -> Missed:
    """What the identity of a row missed over the last ten seconds, among what it asked for."""
    own = [
        (window.second, each)
        for window in seen.lately
        for each in window.probes
        if each.identity == row.identity
    ]
    misses = sum(each.misses for _, each in own)
    wide = seen.cells.wide
    at = int(np.searchsorted(wide.keys, np.uint64(row.hash)))
    is_there = at < len(wide.keys) and int(wide.keys[at]) == row.hash
    asked = int(seen.cells.sums[at, len(SPANS) - 1]) if is_there else misses
    return Missed(
        row.identity,
        misses,
        paths,
        len({method for _, each in own for method in each.methods}),
        max(asked, misses),
        min(second for second, _ in own),
    )


def others_share(seen: Seen, row: ProbeRow, usual: float) -> float:
    """The share of what all others ask for within the second that they miss; as usual where they are few."""
    window = seen.window
    own = int(window.counts[window.hashes == np.uint64(row.hash)].sum())
    requests = max(int(window.counts.sum()) - own, 0)
    misses = sum(each.misses for each in window.probes) - row.misses
    return min((misses + usual * PRIOR_OTHERS) / (requests + PRIOR_OTHERS), 1.0)


def judge(missed: Missed, share: float, others: float, most_paths: int) -> Verdict:
    """What one identity's misses are against the usual share, and what the others do at the moment."""
    usual = min(max(share, others), MOST_USUAL)
    z = deviance_z(np.array([[missed.misses]], np.float64), np.array([[missed.requests]]), np.array([usual]))
    score = round(float(z[0, 0]), 3)
    ripe = score >= LEAST_Z and missed.paths >= MORE_PATHS * most_paths and others < CROWD_SHARE
    return Verdict(usual, most_paths, score, ripe)


def to_signal(missed: Missed, verdict: Verdict) -> Signal:
    """What is told of one identity."""
    sweep = f" by {missed.methods} methods" if missed.methods >= SWEEP else ""
    share = missed.misses / max(missed.requests, 1)
    return Signal(
        key=missed.identity,
        kind=CARD.kind,
        ripe=verdict.ripe,
        score=verdict.score,
        onset=missed.onset,
        route="",
        identity=missed.identity,
        group="",
        severity="warning",
        summary=f"{missed.identity} tried {missed.paths} paths{sweep} within 10 s that are not there or not "
        f"allowed: {share:.0%} of its requests, usual are {verdict.share:.1%}",
        evidence=(
            Observation("missed_paths_10s", float(missed.paths), float(verdict.most_paths), "paths"),
            Observation("missed_share", round(share * 100, 4), round(verdict.share * 100, 4), "%"),
            Observation("missed_10s", float(missed.misses), 0.0, "requests"),
            Observation("methods", float(missed.methods), 1.0, "methods"),
        ),
    )
