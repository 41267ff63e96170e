"""D1, client burst: an identity asks for far more than its peers ever do, and than it used to.

A sum over one, three or ten seconds is a burst where it
1. lies past HEADROOM times the fitted 99.9th percentile of identities' maxima on that scope, and
2. stands out by z in spreads of those maxima: z >= 12 in one second, 8 over three, 6 over ten,
   with requests in at least half of the seconds (persistence instead of patience), and
3. is OWN_FACTOR times what the identity itself used to do, where it is known for long enough.
Many identities past their peers at once are another mix, not one client: nothing is ripe then.
After a gap in the traffic nothing is judged before so much of what came since is learnt that the
peers' windows are full again: maxima of half-filled ones are small, and everybody passes them.
Requests count as offered, refused ones included, or a limit would hide what it holds back.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from analytics.detector import LEAST_HISTORY_S, Card, Mask, Scored, Seen, Signal
from analytics.population import Population, Tails
from analytics.windows import (
    EVERYWHERE,
    SPANS,
    Flags,
    Floats,
    Gathered,
    Ints,
    Scopes,
    Trail,
    Window,
    chosen,
    gathered,
    of_rows,
)
from kernel.findings import Observation
from kernel.wording import to_rate

LADDER = np.array([12.0, 8.0, 6.0])  # z per span of SPANS
PERSISTENCE = np.array([1, 2, 5])  # seconds with a request, per span
LEAST = np.array([12, 16, 30])  # requests per span: fewer are nobody's burst
LEAST_PEERS = 30
HEADROOM = 1.5
OWN_FACTOR = 2.0
OWN_HISTORY_S = 20
CROWD = 10  # identities that may burst at once, whatever the share
CROWD_SHARE = 0.2  # of the identities seen in the window
MOST_CANDIDATES = 5_000

CARD = Card(
    number="D1",
    kind="client-burst",
    owasp="API4",
    looks_at=("tenant", "ended_at", "route", "identity", "interim"),
    silence_is_calm=True,
    adopted_after_s=86_400,
    summary="an identity's requests per second against its peers' upper tail and its own history",
)


class Judged(NamedTuple):
    """Scores of cells that lie past their peers' usual maximum; parallel arrays."""

    rows: Ints  # of the trail
    span: Ints  # index into SPANS of the best span
    score: Floats
    ripe: Flags


class ClientBurst:
    """D1 over all identities."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self.population = Population()

    @property
    def card(self) -> Card:
        """What it is."""
        return CARD

    def size(self) -> int:
        """Scoped cells remembered."""
        return len(self.population)

    def learn(self, seen: Seen, mask: Mask) -> None:
        """Remember maxima, abusers' aside: of all identities everywhere, of a sample by route."""
        window, trail, past = seen.window, seen.cells, self.population
        past.turn(window.second, since=trail.since)
        usual = np.ones(len(trail.wide.keys), np.bool_)
        if mask.keys:
            abusive = np.array([mask.holds(CARD.number, name) for name in window.identities], np.bool_)
            usual = ~abusive[trail.wide.cell]
        wide = chosen(trail.wide, usual)
        past.learn(window.second, wide, trail.sums[usual])
        cells, sums, _ = trail.narrow(np.sort(wide.hashes[past.is_sampled(wide.hashes)]))
        past.learn(window.second, cells, sums)

    def learn_late(self, window: Window, mask: Mask) -> None:
        """Remember maxima of a second that was learnt before all of it was there."""
        wide = gathered(window, np.zeros(len(window.hashes), np.int64), np.arange(len(window.hashes)))
        usual = np.array([not mask.holds(CARD.number, window.identities[at]) for at in wide.cell], np.bool_)
        cells = chosen(wide, usual)
        self.population.learn(window.second, cells, np.repeat(cells.counts[:, None], len(SPANS), axis=1))

    def score(self, seen: Seen) -> Scored:
        """Signals of the identities past their peers, one per identity."""
        window, trail, past = seen.window, seen.cells, self.population
        busy = busiest(trail)
        if not len(busy) or past.until - max(past.since, trail.since) < LEAST_HISTORY_S:
            return Scored(())
        looked = Looked.at(trail, busy)
        tails = past.tails(len(self._scopes.names))
        judged = self._judge(window.second, looked, tails)
        best: dict[str, int] = {}
        for at in range(len(judged.rows)):
            identity = window.identities[int(looked.cells.cell[judged.rows[at]])]
            ranked = (bool(judged.ripe[at]), float(judged.score[at]))
            held = best.get(identity)
            if held is None or ranked > (bool(judged.ripe[held]), float(judged.score[held])):
                best[identity] = at
        crowd = sum(1 for at in best.values() if judged.ripe[at])
        is_crowd = crowd > max(CROWD, CROWD_SHARE * len(trail.wide.keys))
        routes = busiest_routes(window, best)
        places = [
            (At(judged, at, bool(judged.ripe[at]) and not is_crowd), routes[identity])
            for identity, at in sorted(best.items())
            if identity
        ]
        return Scored(tuple(self._signal(window, looked, tails, at=at, route=route) for at, route in places))

    def _judge(self, second: int, looked: "Looked", tails: Tails) -> Judged:
        """Score the cells past their peers' usual maximum."""
        scope = looked.cells.scopes
        peers = tails.identities[scope] >= LEAST_PEERS
        past = (looked.sums > tails.usual[scope]) & (looked.sums >= LEAST) & peers[:, None]
        rows = np.flatnonzero(of_rows(past))
        sums, at = looked.sums[rows], scope[rows]
        score = np.where(past[rows], (sums - tails.median[at]) / tails.spread[at], 0.0)
        beyond = past[rows] & (sums > HEADROOM * tails.usual[at])
        beyond &= (score >= LADDER) & (looked.active[rows] >= PERSISTENCE)
        beyond &= self._is_new_to_it(second, looked, rows)
        ripe = of_rows(beyond)
        span = np.where(ripe, np.where(beyond, score, -1.0).argmax(axis=1), score.argmax(axis=1))
        return Judged(rows, span, score[np.arange(len(rows)), span], ripe)

    def _is_new_to_it(self, second: int, looked: "Looked", rows: Ints) -> Flags:
        """Whether an identity does more than it used to: everywhere, and in the scope where that is known."""
        new = np.ones((len(rows), len(SPANS)), np.bool_)
        for keys in (looked.cells.keys[rows], looked.cells.hashes[rows]):
            first, own = self.population.own(keys)
            known = (first > 0) & (second - first >= OWN_HISTORY_S)
            new &= ~known[:, None] | (looked.sums[rows] > OWN_FACTOR * own)
        return new

    def _signal(self, window: Window, looked: "Looked", tails: Tails, *, at: "At", route: str) -> Signal:
        row, span = int(at.judged.rows[at.place]), int(at.judged.span[at.place])
        scope = int(looked.cells.scopes[row])
        cell = int(looked.cells.cell[row])
        identity, seconds = window.identities[cell], SPANS[span]
        observed = int(looked.sums[row, span]) / seconds
        usual = float(tails.usual[scope, span]) / seconds
        onset = window.second - int(looked.active[row, span]) + 1
        return Signal(
            key=identity,
            kind=CARD.kind,
            ripe=at.ripe,
            score=round(float(at.judged.score[at.place]), 3),
            onset=onset,
            route=route,
            identity=identity,
            group="",
            severity="critical" if observed > 4 * usual else "warning",
            summary=f"{identity} sends {to_rate(observed, 'requests')} over {seconds} s "
            f"{to_place(self._scopes.names[scope])}; 99.9 % of its {int(tails.identities[scope]):,} peers "
            f"there never pass {to_rate(usual)} over {seconds} s",
            evidence=evidence_of(tails, scope, span, observed=observed),
        )


def to_place(scope: str) -> str:
    """Where a scope's requests are counted, in words.

    >>> to_place("*"), to_place("login"), to_place("limit:per-client")
    ('on all routes together', 'on route login', 'on the routes of limit per-client')
    """
    if scope == EVERYWHERE:
        return "on all routes together"
    kind, _, limit = scope.partition(":")
    return f"on the routes of limit {limit}" if kind == "limit" and limit else f"on route {scope}"


def busiest_routes(window: Window, identities: Iterable[str]) -> dict[str, str]:
    """Where each of these identities asked for most in this second; of equals, the first."""
    wanted, counts = frozenset(identities), window.counts.tolist()
    at: dict[str, int] = {}
    for index, name in enumerate(window.identities):
        if name in wanted and (name not in at or counts[index] > counts[at[name]]):
            at[name] = index
    return {name: window.routes[index] for name, index in at.items()}


def evidence_of(tails: Tails, scope: int, span: int, *, observed: float) -> tuple[Observation, ...]:
    """The identity's rate beside its peers' quantiles, in requests per second over the span."""
    seconds, rate = SPANS[span], round(observed, 4)
    quantiles = {
        f"rate_{seconds}s": tails.usual,
        f"peers_median_{seconds}s": tails.median,
        f"peers_greatest_{seconds}s": tails.greatest,
    }
    return (
        *(
            Observation(name, rate, round(float(of[scope, span]) / seconds, 4), "requests/s")
            for name, of in quantiles.items()
        ),
        Observation("peers", float(tails.identities[scope]), float(LEAST_PEERS), "identities"),
    )


class At(NamedTuple):
    """One of the judged cells, and whether it may open a finding."""

    judged: Judged
    place: int
    ripe: bool


class Looked(NamedTuple):
    """The cells that are looked at one by one: busy identities everywhere and by narrower scope."""

    cells: Gathered
    sums: Ints
    active: Ints

    @staticmethod
    def at(trail: Trail, busy: Ints) -> "Looked":
        """The cells of some rows of the trail."""
        cells, sums, active = trail.narrow(np.sort(trail.wide.hashes[busy]))
        wide = chosen(trail.wide, busy)
        return Looked(
            Gathered(*(np.concatenate(pair) for pair in zip(wide, cells, strict=True))),
            np.concatenate([trail.sums[busy], sums]),
            np.concatenate([trail.active[busy], active]),
        )


def busiest(trail: Trail) -> Ints:
    """Rows of identities that ask enough to be anybody's burst, the busiest MOST_CANDIDATES of them."""
    rows = np.flatnonzero(of_rows(trail.sums >= LEAST))
    if len(rows) > MOST_CANDIDATES:
        rows = np.sort(rows[np.argsort(-trail.sums[rows, 0], kind="stable")[:MOST_CANDIDATES]])
    return rows
