"""A recommendation: a finding or a gap, a patch of the policy, evidence, and what a replay says. Pure types.

Analytics proposes; an operator approves or rejects. Times are seconds since 1970, shares between 0 and 1.
"""

import hashlib
from typing import Annotated, Literal

import msgspec

from kernel.findings import Observation
from kernel.patch import Patch
from kernel.policy import Mode
from kernel.replays import Bound, Example, ReplayReport, Split

# Of D1; D3, twice: whom it accuses, and what one client may try; D7; and a route without any limit.
Kind = Literal["limit-client", "deny-stuffers", "limit-logins", "deny-scanner", "limit-route"]
State = Literal["open", "approved", "rejected", "expired", "withdrawn"]


class Attribute(msgspec.Struct, frozen=True):
    """A value that many of the attack's requests share: its share in the attack and in usual traffic.

    `likelihood`: of the requests with that value, the share that belongs to the attack.
    """

    name: str  # client_ip, user_agent, path, method, fingerprint, status
    value: str
    in_attack: float
    in_baseline: float
    likelihood: float


class Peers(msgspec.Struct, frozen=True):
    """How the others behave: quantiles of identities' maxima, in `unit`."""

    unit: str  # "requests per 10 s"
    identities: int
    p50: float
    p90: float
    p99: float
    p999: float
    greatest: float
    observed: float  # of whom this is about


class Evidence(msgspec.Struct, frozen=True):
    """Who did what, how the others behave, and samples."""

    who: tuple[str, ...]  # identities, the busiest first
    identities: int  # how many there are
    what: str  # one sentence
    observations: tuple[Observation, ...]
    attributes: tuple[Attribute, ...]
    peers: Peers | None
    samples: tuple[Example, ...]


class Recommendation(msgspec.Struct, frozen=True):
    """What analytics proposes. `id` is a function of (tenant, kind, key): proposing it again updates it.

    `rules`: names of the rules that the patch adds or changes. `lasts_s`: how long they should hold
    once approved; 0 for ever. `expires_at`: when the proposal itself is void.
    """

    id: str
    tenant: str
    kind: Kind
    detector: str  # D1, D3, D7; empty for a gap
    finding: str  # id; empty for a gap
    key: str
    route: str
    title: str  # one line for people
    reason: str  # two or three sentences: why, and why this value
    patch: Patch
    rules: tuple[str, ...]
    lasts_s: int
    evidence: Evidence
    confidence: float
    created_at: float
    expires_at: float
    replay: ReplayReport | None = None


def patch_digest(patch: Patch) -> str:
    """What a patch does, in 16 hex digits (SHA-256 of its operations' JSON); its base is no part of it."""
    operations = msgspec.json.encode(patch.operations, order="deterministic")
    return hashlib.sha256(operations).hexdigest()[:16]


def recommendation_id(tenant: str, kind: Kind, key: str) -> str:
    """Deterministic id: 16 hex digits of SHA-256 over (tenant, kind, key)."""
    return hashlib.sha256("\x1f".join((tenant, kind, key)).encode()).hexdigest()[:16]


class Approval(msgspec.Struct, frozen=True):
    """What was decided: the mode that the rules entered, until when (0: for ever), and what was promised."""

    mode: Mode
    canary: float
    expires_at: float
    revision: str  # that it made
    promised: Bound | None
    decided_at: float
    author: str
    reason: str


class Realised(msgspec.Struct, frozen=True):
    """What the approved rules did since: `bound.harmed` legitimate identities of `bound.n` were refused.

    In mode shadow, what they would have refused.
    """

    recommendation: str
    since: float
    until: float
    attack: Split
    legitimate: Split
    bound: Bound


class Reviewed(msgspec.Struct, frozen=True):
    """A recommendation and what became of it. `revisit`: why its replay is out of date, or empty.

    `patch`: the digest of its patch; an approval names it, so that nothing enters that nobody reviewed.
    """

    recommendation: Recommendation
    state: State
    changed_at: float
    approval: Approval | None = None
    realised: Realised | None = None
    rejected_because: str = ""
    withdrawn_because: str = ""
    author: str = ""  # who decided
    revisit: str = ""
    patch: str = ""


class KeptApproval(msgspec.Struct, frozen=True):
    """An approval and what came of it; it stays when its recommendation is proposed again.

    `patch`: the digest of what was approved; empty where that is not known. `ended_at` 0: it holds;
    `why` it ended otherwise.
    """

    recommendation: str  # id
    kind: Kind
    route: str
    title: str
    rules: tuple[str, ...]
    patch: str
    approval: Approval
    realised: Realised | None = None
    ended_at: float = 0.0
    why: str = ""


class Withdrawal(msgspec.Struct, frozen=True):
    """What analytics no longer proposes, and why. Only what is open can be withdrawn."""

    recommendation: str
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
