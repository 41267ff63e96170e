"""D3, credential stuffing: many subjects fail to log in, a try or two each, from however many sources.

Per route with `signals.subject` and `signals.success`, over one, three and ten seconds:
1. failures among the tries against the usual share, as a binomial deviance (see analytics.errors):
   z >= 12 in one second, 8 over three, 6 over ten, and LEAST_EFFECT more than usual;
2. at least LEAST_SUBJECTS distinct subjects fail within ten seconds, twice as many as ever of late,
   with at most MOST_TRIES tries for each (guessing one password is another attack);
3. the failures come on top: more tries than ever of late, or as many successes as usual. A password
   service that is broken fails everybody and adds nothing.
The sources do not matter: one address or 200 with few tries each are the same attack.
It goes on while its sources do, although they are refused and no password of theirs is looked at any more.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from analytics.detector import LEAST_HISTORY_S, Card, Mask, Scored, Seen, Signal
from analytics.errors import deviance_z
from analytics.windows import SPANS, LoginRow, Window
from kernel.findings import Observation

LADDER = (12.0, 8.0, 6.0)  # z per span of SPANS
LEAST_SUBJECTS = 12  # in the longest span
LEAST_EFFECT = 0.1  # share of tries beyond the usual
MORE_SUBJECTS = 2.0
MOST_TRIES = 3.0  # failures per subject
MORE_TRIES = 1.25
LEAST_SUCCESS = 0.5  # of the usual successes
LASTING_Z = 3.0
LASTING_FAILURES = 5  # two who mistype at once are no attack that goes on
LEAST_RETURNED = 30  # requests within ten seconds by accused sources, be they few
LEAST_UNANSWERED = 0.5  # of these
PRIOR_TRIES, PRIOR_FAILURES = 40.0, 3.0  # before anything is known some 8 % mistype
MINUTES = 11  # ten whole minutes and the one under way
MOST_ROUTES = 2_048
MOST_ACCUSED = 20_000  # per route, and a second's beyond
QUIET_S = 60  # waves of one attack are one finding

CARD = Card(
    number="D3",
    kind="credential-stuffing",
    owasp="API2",
    looks_at=(
        "tenant",
        "ended_at",
        "route",
        "identity",
        "subject_hash",
        "success",
        "status",
        "decision",
        "interim",
    ),
    silence_is_calm=True,
    adopted_after_s=7_200,
    summary="failed logins per route, and how many subjects they tried, against the usual share",
    quiet_s=QUIET_S,
)


class Tries(NamedTuple):
    """What a route saw of late. `tries` and `failures` per span; distinct ones over the longest."""

    tries: tuple[int, ...]
    failures: tuple[int, ...]
    subjects: int
    sources: int


class Minute(NamedTuple):
    """What a route saw in one minute: sums, and the greatest of ten seconds."""

    tries: int = 0
    failures: int = 0
    most_tries: int = 0
    most_subjects: int = 0


class Usual(NamedTuple):
    """A route's last ten minutes."""

    share: float
    most_tries: int
    most_subjects: int
    successes: float  # in ten seconds, on average


class Returned(NamedTuple):
    """What a route's accused sources asked of it in ten seconds, and what all did."""

    sources: int
    requests: int
    all_requests: int


class CredentialStuffing:
    """D3 over all routes with logins."""

    def __init__(self) -> None:
        self._minutes: dict[str, dict[int, Minute]] = {}
        self._accused: dict[str, dict[int, int]] = {}  # route -> source -> when it failed last
        self._since = 0
        self._until = 0

    @property
    def card(self) -> Card:
        """What it is."""
        return CARD

    def size(self) -> int:
        """Minutes remembered of all routes."""
        return sum(len(minutes) for minutes in self._minutes.values())

    def learn(self, seen: Seen, mask: Mask) -> None:
        """Count tries and failures, those of routes under attack aside."""
        second = seen.window.second
        self._since = self._since or second
        self._until = second
        for row in seen.window.logins:
            if mask.holds(CARD.number, row.route):
                self._accuse(row, second)
                continue
            if row.route not in self._minutes and len(self._minutes) >= MOST_ROUTES:
                continue
            lately = tries_of(seen.lately, row.route)
            minutes = self._minutes.setdefault(row.route, {})
            known = minutes.get(second // 60, Minute())
            minutes[second // 60] = Minute(
                known.tries + row.tries,
                known.failures + row.failures,
                max(known.most_tries, lately.tries[-1]),
                max(known.most_subjects, lately.subjects),
            )
        self._forget(second // 60 - MINUTES)

    def score(self, seen: Seen) -> Scored:
        """Signals of routes whose logins fail more than usual."""
        if self._until - self._since < LEAST_HISTORY_S:
            return Scored(())
        routes = sorted({row.route for row in seen.window.logins if row.failures} | self._accused.keys())
        signals = (self._judge(seen, route) for route in routes)
        return Scored(tuple(signal for signal in signals if signal is not None))

    def _accuse(self, row: LoginRow, second: int) -> None:
        """Remember whose logins fail on a route under attack."""
        accused = self._accused.setdefault(row.route, {})
        if len(accused) < MOST_ACCUSED:
            accused.update(dict.fromkeys(row.sources, second))

    def _usual(self, route: str) -> Usual:
        minutes = list(self._minutes.get(route, {}).values())
        tries = sum(each.tries for each in minutes)
        failures = sum(each.failures for each in minutes)
        learnt_s = max(min(self._until - self._since, 60 * MINUTES), SPANS[-1])
        return Usual(
            share=(failures + PRIOR_FAILURES) / (tries + PRIOR_TRIES),
            most_tries=max((each.most_tries for each in minutes), default=0),
            most_subjects=max((each.most_subjects for each in minutes), default=0),
            successes=(tries - failures) * SPANS[-1] / learnt_s,
        )

    def _judge(self, seen: Seen, route: str) -> Signal | None:
        """The route's signal, or nothing where its logins go as usual."""
        usual, lately = self._usual(route), tries_of(seen.lately, route)
        failures = np.array([lately.failures], np.float64)
        tries = np.array([lately.tries], np.float64)
        z = deviance_z(failures, tries, np.array([usual.share]))[0]
        effect = failures[0] / np.maximum(tries[0], 1.0) - usual.share
        beyond = [bool(at) for at in (z >= np.array(LADDER)) & (effect >= LEAST_EFFECT)]
        ripe = any(beyond) and is_stuffing(lately, usual)
        returned = returned_of(seen.lately, route, self._accused.get(route, {}))
        if not ripe and goes_on(returned, lately):
            return to_lasting_signal(seen, route, returned, lately)
        lasting = (z >= LASTING_Z) & (effect >= LEAST_EFFECT) & (failures[0] >= LASTING_FAILURES)
        if not bool(lasting.any()):
            return None
        span = SPANS[beyond.index(True)] if ripe else SPANS[-1]
        return to_signal(seen, route, lately, Verdict(usual, round(float(z.max()), 3), span, ripe))

    def _forget(self, before: int) -> None:
        for minutes in self._minutes.values():
            for old in [each for each in minutes if each <= before]:
                del minutes[old]
        for route in [name for name, minutes in self._minutes.items() if not minutes]:
            del self._minutes[route]
        for route, accused in list(self._accused.items()):
            if max(accused.values(), default=0) // 60 <= before:
                del self._accused[route]


class Verdict(NamedTuple):
    """What was concluded of one route, by the shortest span (seconds) that says it."""

    usual: Usual
    score: float
    span: int
    ripe: bool


def tries_of(lately: tuple[Window, ...], route: str) -> Tries:
    """What a route saw in the last ten seconds."""
    now = lately[-1].second
    rows = [(now - window.second, row) for window in lately for row in window.logins if row.route == route]
    subjects: set[int] = set()
    sources: set[int] = set()
    for _, row in rows:
        subjects.update(row.subjects)
        sources.update(row.sources)
    return Tries(
        tuple(sum(row.tries for age, row in rows if age < span) for span in SPANS),
        tuple(sum(row.failures for age, row in rows if age < span) for span in SPANS),
        len(subjects),
        len(sources),
    )


def is_stuffing(lately: Tries, usual: Usual) -> bool:
    """Whether many subjects fail, with few tries each, on top of the usual logins."""
    many = lately.subjects >= max(LEAST_SUBJECTS, MORE_SUBJECTS * usual.most_subjects)
    few_each = lately.failures[-1] <= MOST_TRIES * max(lately.subjects, 1)
    successes = lately.tries[-1] - lately.failures[-1]
    on_top = lately.tries[-1] > MORE_TRIES * usual.most_tries or successes >= LEAST_SUCCESS * usual.successes
    return many and few_each and on_top


def returned_of(lately: tuple[Window, ...], route: str, accused: Mapping[int, int]) -> Returned:
    """What the accused asked of a route in the last ten seconds, refused requests included."""
    sources: set[int] = set()
    requests = everything = 0
    for window in lately if accused else ():
        asked = zip(window.routes, window.hashes.tolist(), window.counts.tolist(), strict=True)
        for name, source, count in asked:
            if name != route:
                continue
            everything += count
            if source in accused:
                sources.add(source)
                requests += count
    return Returned(len(sources), requests, everything)


def goes_on(returned: Returned, lately: Tries) -> bool:
    """Whether many of the accused ask for more, and most of that never comes to a password."""
    unanswered = returned.all_requests - lately.tries[-1]
    many = returned.sources >= LEAST_SUBJECTS or returned.requests >= LEAST_RETURNED
    return many and unanswered >= LEAST_UNANSWERED * returned.requests


def to_lasting_signal(seen: Seen, route: str, returned: Returned, lately: Tries) -> Signal:
    """What is told of a route whose attackers come back and are refused: it keeps a finding open, no more."""
    refused = min(returned.all_requests - lately.tries[-1], returned.requests)
    return Signal(
        key=route,
        kind=CARD.kind,
        ripe=False,
        score=LADDER[-1],
        onset=seen.window.second - SPANS[-1] + 1,
        route=route,
        identity="",
        group="",
        severity="critical",
        summary=f"{route}: {returned.sources} addresses of the attack go on: {refused} of their "
        f"{returned.requests} requests within 10 s did not come to a password (refused, or not answered)",
        evidence=(
            Observation("returned_requests_10s", float(returned.requests), 0.0, "requests"),
            Observation("returned_sources_10s", float(returned.sources), 0.0, "identities"),
            Observation("without_a_password_10s", float(refused), 0.0, "requests"),
        ),
    )


def to_signal(seen: Seen, route: str, lately: Tries, verdict: Verdict) -> Signal:
    """What is told of one route."""
    share = lately.failures[-1] / max(lately.tries[-1], 1)
    usual = verdict.usual
    failures = {
        window.second: sum(row.failures for row in window.logins if row.route == route)
        for window in seen.lately
        if window.second > seen.window.second - verdict.span
    }
    # A user who mistyped a second before the attack is not its onset.
    onset = min(second for second, count in failures.items() if count >= max(failures.values()) / 4)
    return Signal(
        key=route,
        kind=CARD.kind,
        ripe=verdict.ripe,
        score=verdict.score,
        onset=onset,
        route=route,
        identity="",
        group="",
        severity="critical",
        summary=f"{route}: {lately.failures[-1]} of {lately.tries[-1]} logins failed within 10 s, "
        f"{lately.subjects} users tried from {lately.sources} addresses; {usual.share:.1%} usually fail",
        evidence=(
            Observation("failed_share", round(share * 100, 4), round(usual.share * 100, 4), "%"),
            Observation(
                "failed_subjects_10s", float(lately.subjects), float(usual.most_subjects), "subjects"
            ),
            Observation("failed_sources_10s", float(lately.sources), 0.0, "identities"),
            Observation("logins_10s", float(lately.tries[-1]), float(usual.most_tries), "requests"),
            Observation(
                "tries_per_subject", round(lately.failures[-1] / max(lately.subjects, 1), 3), 1.0, "requests"
            ),
        ),
    )
