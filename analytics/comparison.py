"""A candidate beside the policy that was in force: both judge the same requests, chunk by chunk."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec
import numpy as np

from analytics.courses import NOTHING, Course, Told, run
from analytics.curves import Curve, Flags, Floats, Numbers, quotas_across
from analytics.labels import Labels, is_inside
from analytics.replay_facts import Combination, Side, combinations_of, slowest_refill_s
from analytics.replay_rules import Judged, changed_rules, judged, wording_of
from analytics.replay_tallies import Frame, RuleTally, Tally
from kernel.findings import Overlay
from kernel.limits import Quota
from kernel.policy import Limit
from kernel.replays import ReplayReport, ReplayRequest
from kernel.snapshot import Snapshot
from warehouse.readers_replay import LONGEST_S, CombinationColumns, RowColumns

CHUNK_ROWS: Final = 250_000
MOST_COMBINATIONS: Final = 300_000  # kept between chunks; past it everything is looked up again
LEAST_WARM_S: Final = 60.0
MOST_WARM_S: Final = 86_400.0  # a quota of a day
MOST_CURVES: Final = 4
MICROSECONDS: Final = 1e6


class Situation(msgspec.Struct, frozen=True):
    """What was so then: `base` is the YAML of the policy in force, `lost` the share of telemetry lost.

    `then`: the YAML of the revision that judged most of these requests, where that is another one.
    `overlays` apply to both policies from their creation to their expiry. `chosen_until`: when the data
    ends on which the limits were chosen; 0: the middle of the range, or of what of it holds requests.
    `chooses`: whether limits with a curve are told a better value.
    """

    base: str
    hash_key: bytes = b""
    overlays: tuple[Overlay, ...] = ()
    labels: Labels = Labels()
    lost: float = 0.0
    chosen_until: float = 0.0
    chooses: bool = False
    then: str = ""
    chunk_rows: int = CHUNK_ROWS


class Known(msgspec.Struct, frozen=True):
    """Facts, judged ready. `met`: the number of their bucket at each rule that they meet."""

    courses: tuple[Course, ...]  # by side
    identity: int
    route: str
    met: dict[str, int]
    is_unrouted: bool = False  # no route of the base takes them
    is_dropped: bool = False  # they had a route, and no route of the candidate takes them
    is_changed: bool = False  # the candidate asks something else of them, rules aside


UNKNOWN = Known((NOTHING,) * 3, 0, "", {})  # a row that was gone when its facts were asked for


class Comparison:
    """Base and candidate over the same requests. Memory: a chunk, buckets, and identities.

    `then` is compared with what was decided when the requests came; None: the base is.
    """

    def __init__(
        self,
        request: ReplayRequest,
        situation: Situation,
        *,
        base: Snapshot,
        candidate: Snapshot,
        then: Snapshot | None = None,
    ) -> None:
        self.request, self.situation = request, situation
        self.base, self.candidate, self.then = base, candidate, then or base
        policies = (base, candidate) if then is None else (base, candidate, then)
        self.wording = wording_of(policies, self.then.revision)
        self.sides = tuple(Side(each, base.policy, situation.overlays) for each in policies)
        self.refill_s = max(slowest_refill_s(side.snapshot) for side in self.sides)
        self.warmed_from = request.since - min(max(self.refill_s, LEAST_WARM_S), MOST_WARM_S)
        self.chosen_until = situation.chosen_until or (request.since + request.until) / 2
        numbers = {name: at for at, name in enumerate(self.wording.rules, 1)}
        self.tally = Tally(numbers, tallies_of(request, base, candidate, chooses=situation.chooses))
        self.dropped = 0  # counted requests that had a route, and have none of the candidate
        self._attacks = situation.labels.stretches()
        self._identities: dict[str, int] = {}
        self._names: list[str] = []
        self._seen_before: Flags = np.zeros(1_024, dtype=np.bool_)  # by identity: before `chosen_until`
        self._buckets: dict[str, dict[str, int]] = {each.judged.rule.name: {} for each in self.tally.rules}
        self._found: dict[int, Combination] = {}
        self._known: dict[int, Known] = {}
        judges = [side.judge for side in self.sides]
        self._expiries = set[float]().union(*(each.expiries for each in judges))
        self._changes = sorted(set[float]().union(*(each.changes for each in judges)))
        self._entered = self.warmed_from - LONGEST_S
        self._enter(self._entered)

    def begins(self, first: float) -> None:
        """Before the first chunk: when the first request is there, where the range begins earlier."""
        if not self.situation.chosen_until and first > self.request.since:
            self.chosen_until = (first + self.request.until) / 2

    def add(self, rows: RowColumns, combinations: Callable[[], CombinationColumns]) -> None:
        """Judge a chunk under both policies and count. `combinations` asks what is behind its codes."""
        times = np.asarray(rows.decided, dtype=np.int64) / MICROSECONDS
        unique, inverse = np.unique(np.asarray(rows.combination, dtype=np.uint64), return_inverse=True)
        codes = unique.tolist()
        self._look_up(codes, float(times[0]), combinations)
        told: list[list[tuple[int, Told]]] = [[] for _ in self.sides]
        known = [self._known_by(code) for code in codes]
        for first, last, is_new in self._segments(times):
            if is_new:
                known = [self._known_by(code) for code in codes]
            here, moments = inverse[first:last].tolist(), times[first:last].tolist()
            by_side = ([each.courses[at] for each in known] for at in range(len(self.sides)))
            for side, courses in zip(told, by_side, strict=True):
                found = run([courses[at] for at in here], moments)
                side.extend([(first + at, each) for at, each in found])
        unrouted = np.array([each.is_unrouted for each in known])[inverse]
        identities = np.array([each.identity for each in known])[inverse]
        frame = self._frame(rows, times, identities, unrouted=unrouted)
        self.tally.meet(frame, np.array([each.is_changed for each in known])[inverse])
        self.tally.compare(frame, told[0], told[1], then=told[-1] if len(told) > 2 else told[0])
        self._count_rules(frame, known, inverse, told[1])
        dropped = np.array([each.is_dropped for each in known])[inverse]
        self.dropped += int((dropped & frame.counted).sum())

    def greedy_among(self, tally: RuleTally) -> int:
        """How many of the attackers that a rule refuses nothing but their rate accuses."""
        return len(
            tally.refused.attack.identities.intersection(self._numbers_of(self.situation.labels.greedy))
        )

    def report(self, caveats: tuple[str, ...], *, took_s: float) -> ReplayReport:
        """What was found."""
        tally, request = self.tally, self.request
        return ReplayReport(
            base=self.base.revision,
            then=self.then.revision,
            candidate=self.candidate.revision,
            since=request.since,
            until=request.until,
            warmed_from=self.warmed_from,
            chosen_until=self.chosen_until,
            seen_attack=tally.seen.attack.split(),
            seen_legitimate=tally.seen.legitimate.split(),
            newly_attack=tally.newly.attack.split(),
            newly_legitimate=tally.newly.legitimate.split(),
            freed=tally.freed.together(),
            unrouted_attack=tally.unrouted.attack.split(),
            unrouted_legitimate=tally.unrouted.legitimate.split(),
            rules=tuple(each.harm() for each in tally.rules),
            bound=tally.bound(),
            disagreement=tally.disagreement(),
            lost=self.situation.lost,
            took_s=took_s,
            caveats=caveats,
        )

    def _enter(self, now: float) -> bool:
        """Go on to a moment at which something changes; True where courses made before are void."""
        is_void = any(self._entered < each <= now for each in self._expiries)
        if is_void:
            self._known.clear()
        self._entered = now
        for side in self.sides:
            side.judge.enter(now)
        return is_void

    def _segments(self, times: Floats) -> Iterator[tuple[int, int, bool]]:
        """(first, last, whether courses are new) of requests between two changes."""
        ahead = [each for each in self._changes if self._entered < each <= times[-1]]
        first, is_new = 0, False
        for change, last in zip(ahead, np.searchsorted(times, ahead, side="left").tolist(), strict=True):
            if last > first:
                yield first, last, is_new
                first, is_new = last, False
            is_new = self._enter(change) or is_new
        yield first, len(times), is_new

    def _look_up(self, codes: list[int], now: float, ask: Callable[[], CombinationColumns]) -> None:
        """Make sure that what is behind the codes is known."""
        if len(self._found) > MOST_COMBINATIONS:
            self._found.clear()
            self._known.clear()
            for side in self.sides:
                side.judge.forget(now)
        if any(code not in self._found for code in codes):
            self._found.update(combinations_of(ask()))

    def _known_by(self, code: int) -> Known:
        known = self._known.get(code)
        if known is None:
            known = self._known[code] = self._judge(self._found[code]) if code in self._found else UNKNOWN
        return known

    def _judge(self, found: Combination) -> Known:
        """A combination under both policies. An identity is the one that telemetry tells."""
        facts = [side.facts(found, self._entered) for side in self.sides]
        courses = tuple(side.course(found, each) for side, each in zip(self.sides, facts, strict=True))
        identity = self._identities.setdefault(found.identity, len(self._identities))
        if identity == len(self._names):
            self._names.append(found.identity)
        met = {}
        for rule, key in self.sides[1].met(facts[1], found).items():
            buckets = self._buckets.get(rule)
            if buckets is not None:
                met[rule] = buckets.setdefault(key, len(buckets))
        before, after = (side.terms(each) for side, each in zip(self.sides[:2], facts[:2], strict=True))
        return Known(
            courses,
            identity,
            found.route,
            met,
            is_unrouted=before is None,
            is_dropped=bool(found.route) and after is None,
            is_changed=before != after,
        )

    def _frame(self, rows: RowColumns, times: Floats, identities: Numbers, *, unrouted: Flags) -> Frame:
        ended = np.asarray(rows.ended, dtype=np.int64) / MICROSECONDS
        labels = self.situation.labels
        return Frame(
            times=times,
            ended=ended,
            identities=identities,
            attacks=self._attacks_among(identities, ended),
            ordinary=np.isin(identities, self._numbers_of(labels.ordinary)),
            greedy=np.isin(identities, self._numbers_of(labels.greedy)),
            counted=ended >= self.request.since,
            bounded=ended >= max(self.request.since, self.chosen_until),
            known=self._known_before(identities, times),
            unrouted=unrouted,
            refused_then=np.asarray(rows.refused, dtype=np.bool_),
            rule_then=np.asarray(rows.rule, dtype=np.int64),
            is_then=np.asarray(rows.is_then, dtype=np.bool_),
            status=np.asarray(rows.status, dtype=np.int64),
            method=np.asarray(rows.method, dtype=np.int64),
        )

    def _numbers_of(self, names: Iterable[str]) -> list[int]:
        """Those of them that were seen."""
        return [self._identities[name] for name in names if name in self._identities]

    def _known_before(self, identities: Numbers, times: Floats) -> Flags:
        """Of which requests the identity was there before `chosen_until`; chunks are in order of time."""
        missing = len(self._names) - len(self._seen_before)
        if missing > 0:
            self._seen_before = np.pad(self._seen_before, (0, missing + len(self._names)))
        self._seen_before[identities[times < self.chosen_until]] = True
        known: Flags = self._seen_before[identities]
        return known

    def _attacks_among(self, identities: Numbers, ended: Floats) -> Flags:
        """Which requests somebody calls an attack."""
        attacks = np.zeros(len(identities), dtype=np.bool_)
        labelled = [number for name, number in self._identities.items() if name in self._attacks]
        for at in np.flatnonzero(np.isin(identities, labelled)).tolist():
            attacks[at] = is_inside(float(ended[at]), self._attacks[self._names[identities[at]]])
        return attacks

    def _count_rules(
        self, frame: Frame, known: list[Known], inverse: Numbers, told: list[tuple[int, Told]]
    ) -> None:
        hits: dict[str, list[int]] = {}
        for at, each in told:
            for name in each.hits:
                hits.setdefault(name, []).append(at)
        denying = frame.judging(denied=True)
        for tally in self.tally.rules:
            name, judging = tally.judged.rule.name, denying if tally.is_denial else frame
            meets = np.array([name in each.met for each in known])[inverse]
            tally.meet(judging, meets, np.array([each.met.get(name, 0) for each in known])[inverse])
            if name in hits:
                flags = np.zeros(len(inverse), dtype=np.bool_)
                flags[hits[name]] = True
                tally.refuse(judging, flags, lambda at: known[inverse[at]].route, self._names)


def tallies_of(
    request: ReplayRequest, base: Snapshot, candidate: Snapshot, *, chooses: bool
) -> list[RuleTally]:
    """One for each rule that is reported, with curves for limits that have one."""
    found = [judged(rule, base.policy) for rule in changed_rules(base.policy, candidate.policy)]
    wanted = (
        request.curve_of
        or tuple(each.rule.name for each in found if isinstance(each.rule, Limit))[:MOST_CURVES]
    )
    return [
        RuleTally(each, curve_for(each, chooses=chooses) if each.rule.name in wanted else None)
        for each in found
    ]


def curve_for(each: Judged, *, chooses: bool) -> Curve | None:
    """A curve around the limit's own value; None for what has no rate, or no stored inputs."""
    if not isinstance(each.rule, Limit) or each.kind != "replayable":
        return None
    own = Quota(each.rule.rate, each.rule.burst)
    return Curve(own, more=quotas_across(own) if chooses else ())
