"""From signals to findings: opened once, updated while they last, closed when over.

Everything here is a function of the windows in their order. A finding that the warehouse holds
already (after a restart) is taken up under its id, with the `found_at` that it had. One that is
open there goes on where its key does, and is closed where it does not: none stays open beside another.
"""

from collections.abc import Iterable

import msgspec

from analytics.detector import Card, Mask, Scored, Signal
from analytics.series import UPSTREAM
from kernel.findings import Finding, Severity, finding_id

QUIET_S = 15  # what was held open when it was restarted has so long to show itself
ABANDONED_S = 600  # ... or when nothing at all was heard of its key for so long
SAME_S = 5  # onsets of one incident differ by so much, at most
REFRESH_S = 10  # an open finding's evidence is written at most so often
REMEMBERED_S = 1_200  # closed findings are kept so long, to mask what is learnt
MOST_OPEN = 1_000  # per tenant: more tell people nothing
RANKS: tuple[Severity, ...] = ("info", "warning", "critical")
BLIND_S = 60  # of a warm-up: too little is learnt to find again what was found then


class Standing(msgspec.Struct):
    """A finding that is open: the latest of it, and since when it is calm."""

    finding: Finding
    group: str
    last_signal: int
    refreshed: int
    calm_since: int | None


class Tracker:
    """The findings of one tenant: open ones by (detector, key), closed ones for a while."""

    def __init__(self, tenant: str, cards: Iterable[Card]) -> None:
        self._tenant = tenant
        self._cards = {card.number: card for card in cards}
        self._open: dict[tuple[str, str], Standing] = {}
        self._known: dict[str, Finding] = {}
        self._closed: list[Finding] = []
        self._held: dict[str, Finding] = {}  # open in the warehouse when it was asked
        self._unclaimed: dict[str, int] = {}  # of these, not found again: when each is given up

    @property
    def open(self) -> tuple[Finding, ...]:
        """Open findings, in the order in which they opened."""
        return tuple(standing.finding for standing in self._open.values())

    def ended(self, since: float) -> tuple[Finding, ...]:
        """Findings that are known and ended after `since`."""
        known = {each.id: each for each in (*self._known.values(), *self._closed)}
        return tuple(each for each in known.values() if each.closed_at > since)

    def restore(self, findings: Iterable[Finding]) -> None:
        """Findings that the warehouse holds: they keep their ids and are not written again."""
        known = {finding.id: finding for finding in findings}
        self._known.update(known)
        self._held.update((id_, finding) for id_, finding in known.items() if not finding.closed_at)

    def resume(self, second: int, *, since: int = 0) -> list[Finding]:
        """End of a warm-up that began at `since`: what it found and nobody wrote before is dropped.

        Returns findings that are open in the warehouse and ended meanwhile. Those that the warm-up
        did not find again, and that lie too far back for it, go on as if they had been seen just now;
        others have QUIET_S to show themselves.
        """
        over = [finding for finding in self._closed if finding.id in self._held]
        self._closed = []
        self._open = {
            key: standing for key, standing in self._open.items() if standing.finding.id in self._known
        }
        gone = {finding.id for finding in over} | {each.finding.id for each in self._open.values()}
        for finding in sorted(self._held.values(), key=lambda each: -each.onset):
            key = (finding.detector, finding.key)
            if finding.id in gone:
                continue
            if finding.onset < since + BLIND_S and key not in self._open and finding.detector in self._cards:
                self._open[key] = Standing(finding, "", second - 1, second, None)
            else:
                self._unclaimed[finding.id] = max(int(finding.window_end), second) + QUIET_S
        return over

    def mask(self, second: int, now: int) -> Mask:
        """Keys that were under a finding in `second`, as known when `now` was judged."""
        held = [*self.open, *self._closed, *self._known.values()]
        return Mask(
            frozenset(
                (finding.detector, finding.key)
                for finding in held
                if finding.detector in self._cards
                and finding.onset <= second
                and finding.window_end <= now
                and second - finding.onset < self._cards[finding.detector].adopted_after_s
                and (not finding.closed_at or finding.closed_at > second)
            )
        )

    def advance(self, second: int, scored: dict[str, Scored], found_at: float) -> list[Finding]:
        """Take a window's signals in; returns findings that are new or changed, to be written."""
        changed = self.expire(second, found_at)
        for number, (signals, calm) in scored.items():
            for signal in signals:
                changed += self._take(number, signal, second, found_at)
            for key in calm:
                standing = self._open.get((number, key))
                if standing is not None and standing.calm_since is None:
                    standing.calm_since = second
        return changed

    def expire(self, second: int, found_at: float) -> list[Finding]:
        """Close what has been calm for long enough before the window of `second`."""
        over = self._give_up(second)
        for key, standing in list(self._open.items()):
            decided, ended = self._end_of(standing)
            if decided <= second:
                closed = msgspec.structs.replace(standing.finding, closed_at=float(ended))
                del self._open[key]
                over.append(closed)
        self._closed += over
        news = self._news(over)
        # What is known as open masks what is learnt.
        self._known.update((each.id, each) for each in over if each.id in self._held)
        oldest = second - REMEMBERED_S
        if self._closed and self._closed[0].closed_at < oldest:
            self._closed = [finding for finding in self._closed if finding.closed_at >= oldest]
            self._known = {
                finding.id: finding
                for finding in self._known.values()
                if not finding.closed_at or finding.closed_at >= oldest
            }
        return news

    def _give_up(self, second: int) -> list[Finding]:
        """Findings of the warehouse that did not show themselves again: closed by what it knows of them."""
        late = [id_ for id_, until in self._unclaimed.items() if until <= second]
        for id_ in late:
            del self._unclaimed[id_]
        return [
            msgspec.structs.replace(held, closed_at=held.window_end + QUIET_S)
            for held in (self._held[id_] for id_ in late)
        ]

    def _news(self, findings: list[Finding]) -> list[Finding]:
        """Those that say something that the warehouse does not hold: a closed one stays closed."""
        told = {finding.id: self._known.get(finding.id) for finding in findings}
        return [
            finding
            for finding in findings
            if (known := told[finding.id]) is None
            or (finding.closed_at != known.closed_at and (finding.closed_at or not known.closed_at))
            or (not known.closed_at and not finding.closed_at and finding != known)
        ]

    def _end_of(self, standing: Standing) -> tuple[int, int]:
        """(when it is decided, when it was over) if nothing more is heard: a function of the windows seen.

        Where a key is calm after a silence that is longer than its quiet time, it ended before the silence.
        """
        card = self._cards[standing.finding.detector]
        over = standing.last_signal + 1 + card.quiet_s
        if card.silence_is_calm:
            return over, over
        if standing.calm_since is None:
            return standing.last_signal + ABANDONED_S, over
        if standing.calm_since > over:
            return standing.calm_since, over
        return standing.calm_since + card.quiet_s, standing.calm_since + card.quiet_s

    def _take(self, number: str, signal: Signal, second: int, found_at: float) -> list[Finding]:
        key = (number, signal.key)
        standing = self._open.get(key)
        if standing is None:
            if not signal.ripe or len(self._open) >= MOST_OPEN or self._belongs(number, signal):
                return []
            return self._begin(number, signal, second, found_at)
        standing.last_signal = second
        standing.calm_since = None
        standing.group = standing.group or signal.group  # one that was taken up has none
        worse = signal.ripe and signal.score > 1.5 * standing.finding.score
        if not worse and second - standing.refreshed < REFRESH_S:
            return []
        standing.refreshed = second
        standing.finding = msgspec.structs.replace(
            standing.finding,
            score=max(standing.finding.score, signal.score),
            severity=max(standing.finding.severity, signal.severity, key=RANKS.index),
            summary=signal.summary,
            evidence=signal.evidence,
        )
        return self._news([standing.finding])

    def _belongs(self, number: str, signal: Signal) -> bool:
        """Whether an open finding of the same detector already tells of this incident.

        One about a single route, of some time ago, does not tell of the whole upstream.
        """
        is_whole = signal.key == UPSTREAM + signal.group
        return bool(signal.group) and any(
            standing.group == signal.group
            and standing.finding.detector == number
            and not (is_whole and standing.finding.onset < signal.onset - SAME_S)
            for standing in self._open.values()
        )

    def _begin(self, number: str, signal: Signal, second: int, found_at: float) -> list[Finding]:
        finding = to_finding(self._tenant, number, signal, second, found_at)
        known = self._known.get(finding.id) or self._held_of(number, signal.key, second)
        if known is not None:
            self._unclaimed.pop(known.id, None)
            finding = msgspec.structs.replace(
                finding, id=known.id, onset=known.onset, window_end=known.window_end, found_at=known.found_at
            )
        self._open[(number, signal.key)] = Standing(finding, signal.group, second, second, None)
        return self._news([finding])

    def _held_of(self, number: str, key: str, second: int) -> Finding | None:
        """The latest finding about a key that is open in the warehouse: what is seen now is more of it."""
        open_ = [
            held
            for held in self._held.values()
            if (held.detector, held.key) == (number, key)
            and held.id in self._known
            and not self._known[held.id].closed_at
            and held.onset <= second
        ]
        return max(open_, key=lambda held: held.onset, default=None)


def to_finding(tenant: str, number: str, signal: Signal, second: int, found_at: float) -> Finding:
    """A signal as a finding that has just been opened."""
    onset = float(signal.onset)
    return Finding(
        id=finding_id(tenant, number, signal.key, onset),
        tenant=tenant,
        detector=number,
        kind=signal.kind,
        key=signal.key,
        route=signal.route,
        identity=signal.identity,
        severity=signal.severity,
        onset=onset,
        window_end=float(second + 1),
        found_at=found_at,
        closed_at=0.0,
        score=signal.score,
        confidence=confidence_of(signal.score),
        summary=signal.summary,
        evidence=signal.evidence,
    )


def confidence_of(score: float) -> float:
    """From 0.5 at the ladder's lowest rung (z = 6) towards 1: 0.75 at 12, 0.9 at 30."""
    return round(1.0 - 3.0 / max(score, 3.0), 3) if score > 6.0 else 0.5
