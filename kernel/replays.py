"""What a replay is asked and what it answers: what a policy would have done to stored telemetry. Pure types.

Whom a finding or an operator calls abusive is an *attack*; who has no label is *legitimate*. A rule is
*replayable* where telemetry holds its inputs, *recorded* where its shadow verdict was stored, and
*unreplayable* otherwise. Shares are between 0 and 1, times are seconds since 1970 on the events' clock.
"""

from typing import Literal

import msgspec

Kind = Literal["replayable", "recorded", "unreplayable"]
CONFIDENCE = 0.95  # of every bound
MOST_EXAMPLES = 5
MOST_CURVE = 24  # points


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to replay: `policy` is the candidate's YAML text, over events that ended in [since, until).

    `base`: the revision that it is compared with, empty for the one in force. `curve_of`: limits for
    which harm is told over their rate; empty: those that the candidate adds or changes.
    """

    policy: str
    since: float
    until: float
    base: str = ""
    curve_of: tuple[str, ...] = ()


class Split(msgspec.Struct, frozen=True):
    """Requests and the identities that sent them."""

    requests: int = 0
    identities: int = 0


class Bound(msgspec.Struct, frozen=True):
    """Harm to legitimate identities: `harmed` of `n`, and the Clopper-Pearson upper limit of their share.

    `n` are the legitimate identities that the rule (or the change) could have met, and that were there before
    harm was bounded: newcomers do not enlarge it. Without any, nothing is known: upper is 1.
    """

    harmed: int
    n: int
    upper: float
    confidence: float = CONFIDENCE


class CurvePoint(msgspec.Struct, frozen=True):
    """A limit at another rate (requests per second): whom it would have refused.

    `upper` holds for all points of a curve together.
    """

    rate: float
    burst: int
    attack: Split
    legitimate: Split
    upper: float


class Choice(msgspec.Struct, frozen=True):
    """Of a limit's values the one that refuses most of an attack, and nobody else before `chosen_until`.

    `refused`: share of the attack's requests; 0 where no value does so without harm. `refused_now` and
    `harmed_now` (legitimate identities before `chosen_until`): of the limit as it was replayed.
    """

    rate: float
    burst: int
    refused: float
    refused_now: float
    harmed_now: int


class Example(msgspec.Struct, frozen=True):
    """A request that the rule would have refused."""

    ended_at: float
    method: str
    route: str
    identity: str
    status: int  # what it got then
    is_attack: bool


class RuleHarm(msgspec.Struct, frozen=True):
    """What one rule of the candidate would have refused. `why`: the reason of its kind, for people."""

    rule: str
    kind: Kind
    why: str
    attack: Split
    legitimate: Split
    refused_then: int  # of these requests, those that were refused when they came
    bound: Bound
    curve: tuple[CurvePoint, ...]
    examples: tuple[Example, ...]
    choice: Choice | None = None  # None where it was not asked for, or the rule met no attack


class Disagreement(msgspec.Struct, frozen=True):
    """The policy that was active then, replayed, against what was decided."""

    compared: int
    differing: int

    @property
    def share(self) -> float:
        """Of the compared requests, those that were decided otherwise."""
        return self.differing / self.compared if self.compared else 0.0


class ReplayReport(msgspec.Struct, frozen=True):
    """What the candidate would have done.

    `newly`: refused by the candidate and not by the base. `freed`: the other way round. `unrouted`: what no
    route takes (the base refuses it by 404 or 405) and a rule of the candidate denies (403), not in `newly`.
    `bound` is over all rules that the candidate adds or changes, and whatever else of it refuses somebody
    newly. `chosen_until`: limits were chosen on data up to there; harm is bounded on what came later.
    `caveats` are sentences for people.
    """

    base: str
    candidate: str
    since: float
    until: float
    warmed_from: float
    chosen_until: float
    seen_attack: Split
    seen_legitimate: Split
    newly_attack: Split
    newly_legitimate: Split
    freed: Split
    rules: tuple[RuleHarm, ...]
    bound: Bound
    disagreement: Disagreement
    lost: float  # share of the telemetry of that time
    took_s: float
    caveats: tuple[str, ...]
    then: str = ""  # the revision whose replay `disagreement` is about; empty: the base
    patch: str = ""  # digest of the recommended patch that was replayed; empty: a policy's text was
    unrouted_attack: Split = Split()
    unrouted_legitimate: Split = Split()


JobState = Literal["queued", "running", "done", "failed", "cancelled"]


class Job(msgspec.Struct, frozen=True):
    """A replay that somebody asked for. `progress` between 0 and 1; `failure` says why it failed.

    `deaths`: of workers that fell silent while they worked on it.
    """

    id: str
    tenant: str
    request: ReplayRequest
    asked_by: str
    state: JobState
    progress: float
    created_at: float
    changed_at: float
    report: ReplayReport | None = None
    failure: str = ""
    deaths: int = 0
