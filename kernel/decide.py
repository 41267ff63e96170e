"""Every verdict, and the order of rules. The order below is the security model.

1. route: nothing is relayed that no route takes                     404, 405
   (networks that access rules deny everything are told 403 here, too)
2. access: networks that may not call, before anything is looked up  403
3. credential: a wrong key is refused even where none is needed      401
4. body: a declared length over the route's cap                      413
5. limits: charged only when every enforced limit admits             429
6. shadow limits: on state of their own, after refusals too          never refuse

Shadow access rules are part of 2: told up to the first enforced match, which decides.

`decide` is pure in (facts, snapshot, state, now): the proxy, the replay and `tidegate explain`
call this same function. `state` is the limiter's dictionary, which it updates.
Limits fail open in one way only: a limit keyed by a header falls back to the identity
where the header is absent.
"""

import enum
from typing import Literal

import msgspec

from kernel.addresses import Address
from kernel.hashing import in_canary, text_digest
from kernel.limits import TAT_UNSEEN, Quota, Taken, take
from kernel.matching import NO_ROUTE, WRONG_METHOD
from kernel.snapshot import AccessPlan, LimitPlan, Principal, RoutePlan, Snapshot


class Reason(enum.StrEnum):
    """Why a request was refused; also the last part of the problem type's URI."""

    NONE = ""
    NO_ROUTE = "no-route"
    WRONG_METHOD = "method-not-allowed"
    ACCESS_DENIED = "access-denied"
    CREDENTIAL_MISSING = "credential-missing"
    CREDENTIAL_INVALID = "credential-invalid"
    BODY_TOO_LARGE = "body-too-large"
    QUOTA_EXCEEDED = "quota-exceeded"
    ABNORMAL_USAGE = "abnormal-usage-detected"


NONE = Reason.NONE  # an enum's member costs 50 ns to look up on its class
STATUS: dict[Reason, int] = {
    Reason.NONE: 0,
    Reason.NO_ROUTE: 404,
    Reason.WRONG_METHOD: 405,
    Reason.ACCESS_DENIED: 403,
    Reason.CREDENTIAL_MISSING: 401,
    Reason.CREDENTIAL_INVALID: 401,
    Reason.BODY_TOO_LARGE: 413,
    Reason.QUOTA_EXCEEDED: 429,
    Reason.ABNORMAL_USAGE: 429,
}

UNROUTED = frozenset((Reason.NO_ROUTE, Reason.WRONG_METHOD))  # no route takes the request

Credential = Literal["none", "valid", "invalid"]
Slot = tuple[str, str]  # (limit, key)
LimiterState = dict[Slot, float]  # -> theoretical arrival time
LONGEST_KEY = 128  # characters of a header's value kept in the state; longer ones are hashed
SHADOW = "~"  # prefix of a limit's name in the state: a shadow counts on its own


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What is known of a request before it is judged.

    `route` is an index into Snapshot.routes, NO_ROUTE or WRONG_METHOD; `identity` is whom limits
    are keyed by; `content_length` is -1 where none is declared; `header_values` are the values of
    Snapshot.limit_headers, in that order, empty where absent.
    """

    route: int
    client: Address
    identity: str
    credential: Credential
    principal: Principal | None
    content_length: int
    header_values: tuple[str, ...]


class LimitVerdict(msgspec.Struct, frozen=True, gc=False):
    """What one limit said."""

    name: str
    key: str
    quota: Quota
    overlay: str
    personal: bool
    taken: Taken


class Verdicts(msgspec.Struct, frozen=True, gc=False):
    """The decision: refused iff `reason` is not empty; `limits` are the enforced ones asked."""

    reason: Reason
    status: int
    rule: str
    would_refuse: tuple[str, ...]
    limits: tuple[LimitVerdict, ...]


def decide(facts: Facts, snapshot: Snapshot, state: LimiterState, now: float) -> Verdicts:
    """Judge one request at `now` (seconds since 1970), updating the limiter's state."""
    if facts.route < 0:
        return judge_unrouted(facts, snapshot, now)
    route = snapshot.routes[facts.route]
    reason, rule = NONE, ""
    shadows: tuple[str, ...] = ()
    if route.access:
        reason, rule, shadows = judge_access(facts, route.access, snapshot.hash_key, now)
    if not reason:
        reason = judge_credential(facts, route)
    if not reason and facts.content_length > route.max_body_bytes:
        reason = Reason.BODY_TOO_LARGE
    plans = limits_for(route, facts.principal) if route.limits_by_plan else route.limits
    if not plans:
        return Verdicts(reason, STATUS[reason], rule, shadows, ())
    if len(plans) == 1 and plans[0].enforced and not (reason or shadows):
        return judge_lone(plans[0], facts, snapshot, state, now)
    before = Before(facts, route.name, snapshot.hash_key, now, reason, rule, shadows)
    return judge_limits(before, plans, state)


def judge_unrouted(facts: Facts, snapshot: Snapshot, now: float) -> Verdicts:
    """What no route takes is refused; who may call nothing does not learn which paths there are."""
    denied, rule, shadows = judge_access(facts, snapshot.access, snapshot.hash_key, now)
    reason = denied or (Reason.WRONG_METHOD if facts.route == WRONG_METHOD else Reason.NO_ROUTE)
    return Verdicts(reason, STATUS[reason], rule, shadows, ())


def limits_for(route: RoutePlan, principal: Principal | None) -> tuple[LimitPlan, ...]:
    """The limits of a route for a principal's plan."""
    if principal is None or not route.limits_by_plan:
        return route.limits
    return route.limits_by_plan.get(principal.plan, route.limits)


def judge_credential(facts: Facts, route: RoutePlan) -> Reason:
    """Authentication: an invalid key is refused wherever keys are looked at."""
    if route.auth == "none" or facts.credential == "valid":
        return NONE
    if facts.credential == "invalid":
        return Reason.CREDENTIAL_INVALID
    return Reason.CREDENTIAL_MISSING if route.auth == "required" else NONE


def judge_access(
    facts: Facts, rules: tuple[AccessPlan, ...], hash_key: bytes, now: float
) -> tuple[Reason, str, tuple[str, ...]]:
    """First enforced match decides; shadow denials that come before it are told."""
    shadows: tuple[str, ...] = ()
    for rule in rules:
        if rule.expires_at <= now or facts.client not in rule.networks:
            continue
        if not is_enforced(rule, facts.identity, hash_key):
            if not rule.allow:
                shadows = (*shadows, rule.name)
            continue
        if rule.allow:
            break
        return Reason.ACCESS_DENIED, rule.name, shadows
    return NONE, "", shadows


def is_enforced(rule: AccessPlan | LimitPlan, identity: str, hash_key: bytes) -> bool:
    """Whether a rule binds this identity: a canary binds a sticky share of them."""
    if rule.enforced is not None:
        return rule.enforced
    return in_canary(rule.name, identity, rule.canary, hash_key)


class Before(msgspec.Struct, frozen=True, gc=False):
    """What the limits need to know: the request, and what was concluded before them."""

    facts: Facts
    route: str
    hash_key: bytes
    now: float
    reason: Reason
    rule: str
    shadows: tuple[str, ...]


def judge_limits(before: Before, plans: tuple[LimitPlan, ...], state: LimiterState) -> Verdicts:
    """Ask every limit; charge the enforced ones together or not at all, shadows always."""
    facts, now, reason, shadows = before.facts, before.now, before.reason, before.shadows
    verdicts: list[LimitVerdict] = []
    charges: dict[Slot, float] = {}
    refusal: LimitVerdict | None = None
    for plan in plans:
        if plan.expires_at <= now:
            continue
        enforced = plan.enforced
        if enforced is None:
            enforced = is_enforced(plan, facts.identity, before.hash_key)
        if enforced and reason:
            continue  # refused already: nothing is charged
        key = facts.identity if plan.key == "identity" else limit_key(plan, facts, before.route)
        slot = (plan.name if enforced else SHADOW + plan.name, key)
        quota, overlay, personal = plan.quota, "", False
        if plan.everybody is not None or plan.personal:
            quota, overlay, personal = quota_of(plan, facts.identity, now)
        tat, taken = take(state.get(slot, TAT_UNSEEN), now, quota)
        if not enforced:
            state[slot] = tat
            if not taken.allowed:
                shadows = (*shadows, plan.name)
            continue
        verdict = LimitVerdict(plan.name, key, quota, overlay, personal, taken)
        verdicts.append(verdict)
        if taken.allowed:
            charges[slot] = tat
            continue
        state[slot] = tat  # charges nothing; a clock that stepped back is forgotten
        if refusal is None or taken.retry_after > refusal.taken.retry_after:
            refusal = verdict
    if refusal is None:
        state.update(charges)
        return Verdicts(reason, STATUS[reason], before.rule, shadows, tuple(verdicts))
    reason = Reason.ABNORMAL_USAGE if refusal.personal else Reason.QUOTA_EXCEEDED
    return Verdicts(reason, STATUS[reason], refusal.name, shadows, tuple(verdicts))


def judge_lone(
    plan: LimitPlan, facts: Facts, snapshot: Snapshot, state: LimiterState, now: float
) -> Verdicts:
    """`judge_limits` of one enforced limit that nothing came before: the common case, at half the cost."""
    if plan.expires_at <= now:
        return Verdicts(NONE, 0, "", (), ())
    identity = facts.identity
    key = identity
    if plan.key != "identity":
        key = limit_key(plan, facts, snapshot.routes[facts.route].name)
    quota, overlay, personal = plan.quota, "", False
    if plan.everybody is not None or plan.personal:
        quota, overlay, personal = quota_of(plan, identity, now)
    slot = (plan.name, key)
    tat, taken = take(state.get(slot, TAT_UNSEEN), now, quota)
    state[slot] = tat
    limits = (LimitVerdict(plan.name, key, quota, overlay, personal, taken),)
    if taken.allowed:
        return Verdicts(NONE, 0, "", (), limits)
    reason = Reason.ABNORMAL_USAGE if personal else Reason.QUOTA_EXCEEDED
    return Verdicts(reason, STATUS[reason], plan.name, (), limits)


def limit_key(plan: LimitPlan, facts: Facts, route: str) -> str:
    """The bucket that a request falls into."""
    if plan.key == "identity":
        return facts.identity
    if plan.key == "route":
        return route
    if plan.key == "global":
        return ""
    value = facts.header_values[plan.header]
    if not value:
        return facts.identity
    # The prefix keeps a client from naming another's identity and draining its bucket.
    return f"={value}" if len(value) <= LONGEST_KEY else f"#{text_digest(value)}"


def quota_of(plan: LimitPlan, identity: str, now: float) -> tuple[Quota, str, bool]:
    """The quota in force, its overlay, and whether that overlay is this identity's own.

    An overlay past its expiry is not there: without news the policy's own value holds.
    """
    own = plan.personal.get(identity)
    if own is not None and own.expires_at > now:
        return own.quota, own.overlay, True
    shared = plan.everybody
    if shared is not None and shared.expires_at > now:
        return shared.quota, shared.overlay, False
    return plan.quota, "", False


__all__ = [
    "NO_ROUTE",
    "UNROUTED",
    "WRONG_METHOD",
    "Credential",
    "Facts",
    "LimitVerdict",
    "LimiterState",
    "Reason",
    "Verdicts",
    "decide",
]
