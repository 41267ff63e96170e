"""What a replay counts: requests and identities, attack and legitimate, for each rule and together."""

from collections.abc import Callable

import msgspec
import numpy as np

from analytics.courses import Told
from analytics.curves import Curve, Flags, Floats, Met, Numbers
from analytics.harm import bound_of
from analytics.replay_rules import Judged
from kernel.policy import METHODS, AccessRule
from kernel.replays import MOST_EXAMPLES, Bound, Disagreement, Example, RuleHarm, Split


class Frame(msgspec.Struct, frozen=True):
    """A chunk of requests as parallel arrays, in order of time."""

    times: Floats
    ended: Floats
    identities: Numbers
    attacks: Flags
    ordinary: Flags  # of identities that a denial would harm, although somebody accuses them
    greedy: (
        Flags  # of identities that nothing but their rate accuses: harm is looked for in all that is counted
    )
    counted: Flags
    bounded: Flags
    known: Flags  # of identities that were there before harm is bounded
    unrouted: Flags  # no route of the base takes them
    refused_then: Flags
    rule_then: Numbers
    is_then: Flags
    status: Numbers
    method: Numbers  # 0, or the number in METHODS from 1 on

    def judging(self, denied: Flags | bool) -> "Frame":
        """The same for requests that a denial refuses: who is ordinary besides is no attack there."""
        return msgspec.structs.replace(self, attacks=self.attacks & ~(self.ordinary & denied))

    def bounded_among(self, flags: Flags) -> list[int]:
        """The legitimate identities of the flagged requests over which harm is bounded."""
        bounded = self.bounded | (self.greedy & self.counted)
        found: list[int] = np.unique(self.identities[flags & bounded & ~self.attacks]).tolist()
        return found


class Counted:
    """Requests and the identities behind them."""

    def __init__(self) -> None:
        self.requests = 0
        self.identities: set[int] = set()

    def add(self, frame: Frame, flags: Flags) -> None:
        """Count the requests that are flagged."""
        found = int(flags.sum())
        if found:
            self.requests += found
            self.identities.update(np.unique(frame.identities[flags]).tolist())

    def split(self) -> Split:
        """As reported."""
        return Split(self.requests, len(self.identities))


class Parted:
    """Attack and legitimate apart."""

    def __init__(self) -> None:
        self.attack = Counted()
        self.legitimate = Counted()

    def add(self, frame: Frame, flags: Flags) -> None:
        """Count the flagged requests that are counted at all."""
        counted = flags & frame.counted
        self.attack.add(frame, counted & frame.attacks)
        self.legitimate.add(frame, counted & ~frame.attacks)

    def together(self) -> Split:
        """Both kinds."""
        identities = self.attack.identities | self.legitimate.identities
        return Split(self.attack.requests + self.legitimate.requests, len(identities))


class RuleTally:
    """One rule of the candidate."""

    def __init__(self, judged: Judged, curve: Curve | None) -> None:
        self.judged = judged
        self.curve = curve
        self.refused = Parted()
        self.refused_then = 0
        self.met: set[int] = set()
        self.harmed: set[int] = set()
        self._examples: tuple[list[Example], list[Example]] = ([], [])
        self._shown: set[int] = set()

    @property
    def is_denial(self) -> bool:
        """Whether it refuses whatever an address asks for."""
        return isinstance(self.judged.rule, AccessRule)

    def meet(self, frame: Frame, meets: Flags, buckets: Numbers) -> None:
        """Requests that the rule looked at. `buckets`: the number of the limit's bucket."""
        self.met.update(frame.bounded_among(meets & frame.known))
        if self.curve is not None:
            self.curve.add(
                Met(
                    frame.times[meets],
                    buckets[meets],
                    frame.identities[meets],
                    frame.attacks[meets],
                    frame.counted[meets],
                    frame.bounded[meets],
                )
            )

    def refuse(self, frame: Frame, flags: Flags, routes: Callable[[int], str], names: list[str]) -> None:
        """Requests that it said no to. `routes`: of each request; `names`: of identities by number."""
        self.refused.add(frame, flags)
        self.refused_then += int((flags & frame.counted & frame.refused_then).sum())
        self.harmed.update(frame.bounded_among(flags))
        if min(len(each) for each in self._examples) >= MOST_EXAMPLES:
            return
        positions = np.flatnonzero(flags & frame.counted)
        _, firsts = np.unique(frame.identities[positions], return_index=True)
        for at in positions[np.sort(firsts)].tolist():
            self._show(frame, at, routes(at), names)

    def _show(self, frame: Frame, at: int, route: str, names: list[str]) -> None:
        identity, is_attack = int(frame.identities[at]), bool(frame.attacks[at])
        shown = self._examples[is_attack]
        if identity in self._shown or len(shown) >= MOST_EXAMPLES:
            return
        self._shown.add(identity)
        number = int(frame.method[at])
        method = METHODS[number - 1] if number else "_OTHER"
        status = int(frame.status[at])
        shown.append(Example(float(frame.ended[at]), method, route, names[identity], status, is_attack))

    def harm(self) -> RuleHarm:
        """As reported: legitimate examples first, as they are what matters."""
        bound = bound_of(len(self.harmed), len(self.met | self.harmed))
        legitimate, attack = self._examples
        return RuleHarm(
            rule=self.judged.rule.name,
            kind=self.judged.kind,
            why=self.judged.why,
            attack=self.refused.attack.split(),
            legitimate=self.refused.legitimate.split(),
            refused_then=self.refused_then,
            bound=bound,
            curve=() if self.curve is None else self.curve.points(bound.n),
            examples=tuple([*legitimate[: MOST_EXAMPLES - min(2, len(attack))], *attack][:MOST_EXAMPLES]),
            choice=self.curve.choice() if self.curve is not None and self.curve.is_chosen_from else None,
        )


class Tally:
    """The whole replay. `rules`: numbers of names from 1 on, as stored rows have them."""

    def __init__(self, rules: dict[str, int], tallies: list[RuleTally]) -> None:
        self._numbers = rules
        self.rules = tallies
        self._denials = np.array([rules.get(each.judged.rule.name, 0) for each in tallies if each.is_denial])
        self.seen, self.newly, self.freed = Parted(), Parted(), Parted()
        self.unrouted = Parted()  # denied in place of 404 or 405
        self.harmed: set[int] = set()  # whatever refuses them
        self.met: set[int] = set()  # by what is no rule
        self.compared = self.differing = 0

    def meet(self, frame: Frame, meets: Flags) -> None:
        """Requests that the candidate treats otherwise than the base, rules aside."""
        self.met.update(frame.bounded_among(meets & frame.known))

    def compare(
        self,
        frame: Frame,
        base: list[tuple[int, Told]],
        candidate: list[tuple[int, Told]],
        *,
        then: list[tuple[int, Told]],
    ) -> None:
        """Replays of a chunk: candidate beside base, and `then` beside what was decided then."""
        self.seen.add(frame, frame.counted)
        refused, by = self._refusals(frame, base)
        refused_now, by_now = self._refusals(frame, candidate)
        denied, newly = np.isin(by_now, self._denials), refused_now & ~refused
        judging = frame.judging(denied)
        self.newly.add(judging, newly)
        self.harmed.update(judging.bounded_among(newly))
        self.unrouted.add(judging, frame.unrouted & refused & denied & (by == 0))
        self.freed.add(frame, refused & ~refused_now)
        compared = frame.counted & frame.is_then
        refused, by = self._refusals(frame, then)
        differs = (refused != frame.refused_then) | (refused & (by != frame.rule_then))
        self.compared += int(compared.sum())
        self.differing += int((compared & differs).sum())

    def _refusals(self, frame: Frame, told: list[tuple[int, Told]]) -> tuple[Flags, Numbers]:
        """(whether each request was refused, the number of the rule)."""
        refused = np.zeros(len(frame.times), dtype=np.bool_)
        by = np.zeros(len(frame.times), dtype=np.int64)
        for at, each in told:
            if each.reason:
                refused[at] = True
                by[at] = self._numbers.get(each.rule, 0)
        return refused, by

    def bound(self) -> Bound:
        """Over all the rules together, and over whatever else refuses somebody newly."""
        harmed = self.harmed.union(*(each.harmed for each in self.rules))
        met = self.met.union(*(each.met for each in self.rules))
        return bound_of(len(harmed), len(met | harmed))

    def disagreement(self) -> Disagreement:
        """Of the policy of that time with what was decided."""
        return Disagreement(self.compared, self.differing)
