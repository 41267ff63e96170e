"""D2, flood: a route is asked for far more than ever, by many new identities that look alike.

Per route over ten seconds, all of these:
1. surge: SURGE times the most of the last ten minutes, LEAST_EXCESS requests more, and a Poisson z >= 6;
2. newcomers: at least LEAST_NEW identities that nobody saw in the last ten minutes ask for at least half
   of it, and for twice their usual share;
3. lift: one kind of client (order of header fields and user agent) asks for LEAST_MIX of it, and for
   LIFT times its usual share of all traffic.
All of that must hold without the busiest newcomer, too: one greedy client among new people is D1's.
A flash crowd is many new people too, but with the browsers that people have: nothing is told about it.
Routes whose logins fail are left to D3. Conservative: what is missed here, D1 and limits still see.
"""

import math
from collections import Counter
from typing import NamedTuple

import numpy as np

from analytics.detector import LEAST_HISTORY_S, Card, Mask, Scored, Seen, Signal
from analytics.windows import SPANS, Flags, Ints, Keys, Slots, Table, Window, grown
from kernel.findings import Observation

SURGE = 2.0
LEAST_EXCESS = 60  # requests in ten seconds
LEAST_Z = 6.0
LEAST_NEW = 30  # identities
NEW_SHARE = 0.5  # of the route's requests
MORE_NEW = 2.0
LEAST_MIX = 0.4  # of the route's requests
LIFT = 4.0
FAILING_LOGINS = 0.5
PRIOR_REQUESTS = 100.0
MINUTES = 11  # ten whole minutes and the one under way
MEMORY_S = 600
MOST_KNOWN = 262_144  # identities, some 4 MB

CARD = Card(
    number="D2",
    kind="flood",
    owasp="API4",
    looks_at=("tenant", "ended_at", "route", "identity", "fingerprint", "user_agent_hash", "interim"),
    silence_is_calm=True,
    adopted_after_s=3_600,
    summary="a route's requests against its last ten minutes, by new identities that look alike",
)


class Minute(NamedTuple):
    """One minute of a tenant: requests, those of each kind of client, and the most that routes saw."""

    requests: Counter[str]  # "all", "new"
    mixes: Counter[int]
    most: dict[str, int]  # by route, over ten seconds


class Crowd(NamedTuple):
    """What a route saw over the last ten seconds."""

    requests: int
    newcomers: int  # identities
    by_newcomers: int  # requests
    mix: int
    of_mix: int  # requests
    busiest: int  # requests of the busiest newcomer


class Asked(NamedTuple):
    """A second and what was asked of each route in it."""

    window: Window
    requests: Counter[str]


class Flood:
    """D2 over all routes."""

    def __init__(self) -> None:
        self._slots = Slots()
        self._seen: Table = np.zeros(1_024, np.int64)  # last second of each known identity
        self._minutes: dict[int, Minute] = {}
        self._since = 0
        self._until = 0
        self._asked: tuple[Asked, ...] = ()  # of the last ten seconds: each is counted once

    @property
    def card(self) -> Card:
        """What it is."""
        return CARD

    def size(self) -> int:
        """Identities known."""
        return len(self._slots)

    def learn(self, seen: Seen, mask: Mask) -> None:
        """Remember who came and what is usual, routes under a flood aside."""
        window = seen.window
        self._since = self._since or window.second
        self._until = window.second
        routes = sorted({name for name in window.routes if not mask.holds(CARD.number, name)})
        minute = self._minutes.setdefault(window.second // 60, Minute(Counter(), Counter(), {}))
        calm = np.array([name in routes for name in window.routes], np.bool_)
        minute.requests["all"] += int(window.counts[calm].sum())
        minute.requests["new"] += int(window.counts[calm & self._is_new(window.hashes)].sum())
        minute.mixes.update({row.mix: 0 for row in window.mixes})
        for row in window.mixes:
            minute.mixes[row.mix] += row.requests if row.route in routes else 0
        self._asked = self._counted(seen.lately)
        asked = together(self._asked)
        for route in routes:
            minute.most[route] = max(minute.most.get(route, 0), asked[route])
        self._remember(window.second, np.unique(window.hashes[calm]))

    def score(self, seen: Seen) -> Scored:
        """Signals of routes that are flooded."""
        if self._until - self._since < LEAST_HISTORY_S:
            return Scored(())
        counted = self._counted(seen.lately)
        asked = together(counted)
        most = {
            route: max((minute.most.get(route, 0) for minute in self._minutes.values()), default=0)
            for route in asked
        }
        surging = [
            route
            for route, requests in sorted(asked.items())
            if route and is_surge(requests, most[route]) and not logins_fail(seen.lately, route)
        ]
        crowds = self._crowds(seen.lately, {route: asked[route] for route in surging}) if surging else {}
        return Scored(
            tuple(
                self._signal(route, crowd, most[route], onset=onset_of(counted, route))
                for route, crowd in crowds.items()
            )
        )

    def _counted(self, lately: tuple[Window, ...]) -> tuple[Asked, ...]:
        """Each window's requests by route."""
        known = {each.window.second: each for each in self._asked}
        return tuple(
            known[window.second]
            if window.second in known and known[window.second].window is window
            else Asked(window, requests_of(window))
            for window in lately
        )

    def _is_new(self, hashes: Keys) -> Flags:
        rows = self._slots.find(hashes)
        lately = self._seen[np.maximum(rows, 0)] > self._until - MEMORY_S
        return np.asarray((rows < 0) | ~lately, np.bool_)

    def _remember(self, second: int, hashes: Keys) -> None:
        rows = self._slots.claim(hashes)
        self._seen = grown(self._seen, len(self._slots))
        self._seen[rows] = second
        self._minutes = {at: each for at, each in self._minutes.items() if at > second // 60 - MINUTES}
        if second % 60 == 0 or len(self._slots) > MOST_KNOWN or len(self._minutes) == 1:
            size = len(self._slots)
            kept = self._seen[:size] > second - MEMORY_S
            if len(self._slots) > MOST_KNOWN:
                kept &= self._seen[:size] >= np.median(self._seen[:size])
            self._slots.keep(kept)
            self._seen = grown(self._seen[:size][kept], 1_024)

    def _crowds(self, lately: tuple[Window, ...], asked: dict[str, int]) -> dict[str, Crowd]:
        """Who came to each of these routes. All of them at once: a flood may be on hundreds."""
        numbers = {route: number for number, route in enumerate(asked)}
        mixes: list[Counter[int]] = [Counter() for _ in asked]
        routes, hashes, counts = [], [], []
        for window in lately:
            number = np.array([numbers.get(name, -1) for name in window.routes], np.int64)
            new = (number >= 0) & self._is_new(window.hashes)
            routes.append(number[new])
            hashes.append(window.hashes[new])
            counts.append(window.counts[new])
            for row in window.mixes:
                if row.route in numbers:
                    mixes[numbers[row.route]][row.mix] += row.requests
        of, who = np.concatenate(routes), np.concatenate(hashes)
        sent = np.concatenate(counts)
        by_newcomers = np.bincount(of, sent, len(asked))
        newcomers, busiest = distinct(of, who, sent, len(asked))
        crowds = {}
        for route, at in numbers.items():
            mix, of_mix = max(mixes[at].items(), key=lambda item: (item[1], -item[0]), default=(0, 0))
            crowds[route] = Crowd(
                asked[route], int(newcomers[at]), int(by_newcomers[at]), mix, of_mix, int(busiest[at])
            )
        return crowds

    def _usual_shares(self, mix: int) -> tuple[float, float]:
        """(of newcomers, of a kind of client) among all requests of the last ten minutes."""
        total = sum(minute.requests["all"] for minute in self._minutes.values())
        new = sum(minute.requests["new"] for minute in self._minutes.values())
        alike = sum(minute.mixes[mix] for minute in self._minutes.values())
        return new / max(total, 1), (alike + 1.0) / (total + PRIOR_REQUESTS)

    def _signal(self, route: str, crowd: Crowd, most: int, *, onset: int) -> Signal:
        usual_new, usual_mix = self._usual_shares(crowd.mix)
        new, alike = crowd.by_newcomers / crowd.requests, crowd.of_mix / crowd.requests
        rest = crowd.requests - crowd.busiest
        ripe = crowd.newcomers >= LEAST_NEW and is_surge(rest, most)
        ripe = ripe and crowd.by_newcomers - crowd.busiest >= rest * max(NEW_SHARE, MORE_NEW * usual_new)
        # Whether the busiest is of that kind is not known: as if it were.
        ripe = ripe and crowd.of_mix - crowd.busiest >= rest * max(LEAST_MIX, LIFT * usual_mix)
        return Signal(
            key=route,
            kind=CARD.kind,
            ripe=ripe,
            score=z_of(crowd.requests, most),
            onset=onset,
            route=route,
            identity="",
            group="",
            severity="critical",
            summary=f"{route}: {crowd.requests} requests within 10 s, {most} were the most of late; "
            f"{new:.0%} by {crowd.newcomers} new identities, {alike:.0%} by one kind of client, "
            f"which usually sends {usual_mix:.1%}",
            evidence=(
                Observation("requests_10s", float(crowd.requests), float(most), "requests"),
                Observation("new_identities_10s", float(crowd.newcomers), 0.0, "identities"),
                Observation("new_share", round(new * 100, 4), round(usual_new * 100, 4), "%"),
                Observation("alike_share", round(alike * 100, 4), round(usual_mix * 100, 4), "%"),
            ),
        )


def requests_of(window: Window) -> Counter[str]:
    """Route -> requests of a second."""
    asked: Counter[str] = Counter()
    for route, count in zip(window.routes, window.counts.tolist(), strict=True):
        asked[route] += count
    return asked


def together(asked: tuple[Asked, ...]) -> Counter[str]:
    """Route -> requests of some seconds."""
    found: Counter[str] = Counter()
    for each in asked:
        found.update(each.requests)
    return found


def distinct(of: Ints, who: Keys, counts: Ints, groups: int) -> tuple[Ints, Ints]:
    """How many different keys each group has, and the most of one; `of` is the group of each key."""
    busiest = np.zeros(groups, np.int64)
    order = np.lexsort((who, of))
    of, who = of[order], who[order]
    is_first = np.ones(len(of), np.bool_)
    is_first[1:] = (of[1:] != of[:-1]) | (who[1:] != who[:-1])
    first = np.flatnonzero(is_first)
    if len(first):
        np.maximum.at(busiest, of[first], np.add.reduceat(counts[order], first))
    return np.bincount(of[first], minlength=groups), busiest


def is_surge(requests: int, most: int) -> bool:
    """Whether a route is asked for far more than in the last ten minutes."""
    return requests >= max(SURGE * most, most + LEAST_EXCESS) and z_of(requests, most) >= LEAST_Z


def z_of(requests: int, most: int) -> float:
    """Poisson deviations above the most of late."""
    return round((requests - most) / math.sqrt(max(most, 1.0 * SPANS[-1])), 3)


def logins_fail(lately: tuple[Window, ...], route: str) -> bool:
    """Whether most logins on a route fail: that is D3's attack."""
    rows = [row for window in lately for row in window.logins if row.route == route]
    tries = sum(row.tries for row in rows)
    return tries > 0 and sum(row.failures for row in rows) >= FAILING_LOGINS * tries


def onset_of(asked: tuple[Asked, ...], route: str) -> int:
    """The first second whose requests are nearer to the surge's than to what went before."""
    counts = {each.window.second: each.requests[route] for each in asked}
    return min(second for second, count in counts.items() if count >= max(counts.values()) / 2)
