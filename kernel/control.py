"""The control protocol: what the control endpoint is asked and what it answers. Bodies are JSON of these.

Proxies follow it, analytics sets overlays through it, operators pause it. Pure.
"""

from typing import Annotated, Literal

import msgspec

from kernel.findings import Overlay
from kernel.problems import Problem
from kernel.recommendations import Recommendation, Reviewed, Withdrawal
from kernel.replays import JobState, ReplayReport

LONGEST_LEASE_S = 300.0
ANALYTICS = "analytics"  # as whom analytics follows; it is no proxy, and not among those seen


class Following(msgspec.Struct, frozen=True):
    """Answer of GET /v1/follow: what a proxy that follows should run.

    `policy` is the YAML text, or empty where the proxy's revision is current. `revoked`: SHA-256 (hex)
    of API keys that are refused although the policy names them; a change of it raises `overlays_version`.
    """

    tenant: str
    revision: str
    policy: str
    overlays_version: int
    overlays: tuple[Overlay, ...]
    revoked: tuple[str, ...] = ()


class Lease(msgspec.Struct, frozen=True):
    """Who may set overlays, until when (seconds since 1970). No holder: nobody."""

    holder: str
    expires_at: float


class Loop(msgspec.Struct, frozen=True):
    """Whether automation is paused, why and since when."""

    paused: bool
    reason: str
    changed_at: float


class SeenProxy(msgspec.Struct, frozen=True):
    """A proxy worker that follows this endpoint, and what it said it runs."""

    name: str
    revision: str
    overlays_version: int
    seen_at: float


class Undone(msgspec.Struct, frozen=True):
    """What the policy file's last change undid of what operators had decided, until they change it again.

    `replaced`: the revision that it replaced, by whom and when; `taken_out`: a sentence for each approval.
    """

    replaced: str = ""
    taken_out: tuple[str, ...] = ()


class Status(msgspec.Struct, frozen=True):
    """What the endpoint knows. `refused_policy`: why the file as it is now is not in force.

    `file_revision`: of the file's own text as it was taken last; `undone_by_file`: what that undid.
    """

    tenant: str
    revision: str
    policy_file: str
    refused_policy: tuple[str, ...]
    warnings: tuple[str, ...]
    overlays_version: int
    overlays: tuple[Overlay, ...]
    lease: Lease
    loop: Loop
    proxies: tuple[SeenProxy, ...]
    now: float
    revision_number: int = 0
    revision_author: str = ""
    revision_at: float = 0.0
    open_recommendations: int = 0
    revoked_keys: int = 0
    file_revision: str = ""
    undone_by_file: Undone = Undone()


class PutOverlays(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /v1/overlays."""

    tenant: str
    holder: str
    overlays: tuple[Overlay, ...]


class OverlaysInForce(msgspec.Struct, frozen=True):
    """Answer of PUT and GET /v1/overlays."""

    tenant: str
    overlays_version: int
    overlays: tuple[Overlay, ...]


class AskLease(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/lease."""

    tenant: str
    holder: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    ttl_s: Annotated[float, msgspec.Meta(gt=0, le=LONGEST_LEASE_S)]


class LeaseAnswer(msgspec.Struct, frozen=True):
    """Answer of POST /v1/lease: `held` by who asked, or by whom until when."""

    held: bool
    holder: str
    expires_at: float


class SetLoop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /v1/loop."""

    tenant: str
    paused: bool
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class LoopAnswer(msgspec.Struct, frozen=True):
    """Answer of GET and PUT /v1/loop."""

    tenant: str
    paused: bool
    reason: str
    changed_at: float


Because = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Text = Annotated[str, msgspec.Meta(max_length=1_000_000)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
PatchDigest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
When = Annotated[float, msgspec.Meta(ge=0, le=1e11)]  # seconds since 1970
LONGEST_HOLD_S = 366 * 86_400  # of an approved rule


class PolicyInForce(msgspec.Struct, frozen=True):
    """Answer of GET and PUT /v1/policy; its ETag is the revision in quotes."""

    tenant: str
    revision: str
    text: str
    author: str
    reason: str
    created_at: float


class PutPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /v1/policy."""

    text: Text
    reason: Because


class CheckPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/policy/check."""

    text: Text


class Checked(msgspec.Struct, frozen=True):
    """Answer of POST /v1/policy/check: whether the text would be taken, and its diff to the one in force."""

    good: bool
    revision: str
    problems: tuple[Problem, ...]
    diff: str


class Rollback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/policy/rollback: put an earlier revision in force again."""

    revision: str
    reason: Because


class Revision(msgspec.Struct, frozen=True):
    """One revision of the policy. `number` counts from 1; the first has no parent."""

    number: int
    revision: str
    parent: str
    author: str
    reason: str
    created_at: float


class RevisionInFull(Revision, frozen=True):
    """A revision with its text and the unified diff to its parent."""

    text: str = ""
    diff: str = ""


class PutRecommendations(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /v1/recommendations."""

    tenant: str
    holder: str
    recommendations: tuple[Recommendation, ...]
    withdrawn: tuple[Withdrawal, ...] = ()


class ReviewInFull(Reviewed, frozen=True):
    """A reviewed recommendation. `diff`: what it would change of the policy in force; empty where it no
    longer fits, and `stale` says why."""

    diff: str = ""
    stale: str = ""


class Approve(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/recommendations/ID/approve. `lasts_s` 0: for ever; `canary`: share of identities.

    `patch`: the digest of the change that was reviewed, as the recommendation tells it.
    """

    mode: Literal["shadow", "canary", "enforce"]
    reason: Because
    patch: PatchDigest
    canary: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    lasts_s: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_HOLD_S)] = 0


class Reject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/recommendations/ID/reject."""

    reason: Because


class ClaimJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/jobs/claim: the oldest job that waits becomes `holder`'s."""

    tenant: str
    holder: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PutJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of PUT /v1/jobs/ID: how far its worker is. Each renews the claim for 30 s."""

    holder: str
    state: JobState
    progress: Annotated[float, msgspec.Meta(ge=0, le=1)]
    report: ReplayReport | None = None
    failure: Annotated[str, msgspec.Meta(max_length=10_000)] = ""


class PutLabel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/labels: what an operator knows of a finding or of an identity."""

    label: Literal["attack", "legitimate"]
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    finding: Annotated[str, msgspec.Meta(max_length=200)] = ""
    identity: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Label(msgspec.Struct, frozen=True):
    """A label as it stands: the last one of its finding or identity."""

    finding: str
    identity: str
    label: Literal["attack", "legitimate"]
    reason: str
    author: str
    created_at: float


class PutMarker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/markers: something that happened (deploy, campaign). `at` 0: now."""

    text: Because
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] = "deploy"
    at: When = 0.0


class Marker(msgspec.Struct, frozen=True):
    """Something that happened, for charts and explanations."""

    at: float
    kind: str
    text: str
    author: str


class AuditEntry(msgspec.Struct, frozen=True):
    """One management write: who did what to which object, when, and why.

    What analytics does again and again is one entry: `times`, from `at` to `until`, with the last detail.
    """

    number: int
    at: float
    author: str
    what: str
    object: str
    detail: str
    times: int = 1
    until: float = 0.0


TokenRole = Literal["proxy", "analytics", "viewer", "operator", "admin"]


class AskToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/tokens. `ttl_s` 0: until it is deleted."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,62}$")]
    role: TokenRole
    ttl_s: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_HOLD_S)] = 0


class KnownToken(msgspec.Struct, frozen=True):
    """A token without its secret. `expires_at` 0: never."""

    id: str
    name: str
    role: TokenRole
    created_at: float
    expires_at: float


class MadeToken(KnownToken, frozen=True):
    """Answer of POST /v1/tokens: the secret is told this once."""

    secret: str = ""


class RevokeKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of POST /v1/keys/revoke: SHA-256 (hex) of an API key."""

    sha256: Sha256
    reason: Because


class RevokedKey(msgspec.Struct, frozen=True):
    """An API key that every proxy refuses."""

    sha256: str
    reason: str
    author: str
    revoked_at: float


class BackupMade(msgspec.Struct, frozen=True):
    """Answer of POST /v1/backup: a consistent copy of the store on the console's machine."""

    path: str
    bytes: int
