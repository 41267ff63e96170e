"""Adaptive limits: which values to set, by what is usual and by what was found. Pure.

The value that everybody gets follows the demand of identities that are not judged abusive, refused
requests included, or a limit would ratchet down on its own effect: that of the last ten minutes, or
of the same hour of past weeks where that was more. It moves at most 20 % down and 10 % up per
minute, rests for a minute between moves, and stays within floor and ceiling.
A client burst at once gets an overlay of its own: what 99.9 % of its peers never pass over ten
seconds, for ten minutes. Identities on the policy's allow-list are left alone.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping

import msgspec

from analytics.bursts import CARD as BURST
from analytics.bursts import LEAST_PEERS, to_place
from analytics.collapse import CARD as COLLAPSE
from analytics.demand import Usual
from analytics.windows import EVERYWHERE, SPANS
from kernel.allow_list import AllowList
from kernel.findings import Finding, Overlay
from kernel.policy import Adaptive, Limit, Policy
from kernel.wording import to_rate

OVERLAY_TTL_S = 600.0
RENEW_S = 120.0  # an overlay that is still needed is renewed so long before it ends
DWELL_S = 60.0
MOST_DOWN = 0.20
MOST_UP = 0.10
LEAST_MOVE = 0.02  # smaller moves are not worth a change
HEADROOM = 1.5
LEAST_LEARNT_S = 60
MOST_LOSS = 0.01  # of telemetry, before nothing moves any more
MOST_PERSONAL = 1_000
RATE_DIGITS = 4
LONG, SHORT = SPANS.index(10), SPANS.index(1)

UsualOf = Callable[[str], Usual]  # by scope


class Situation(msgspec.Struct, frozen=True):
    """What the values depend on. `now` is in seconds since 1970, `loss` a share.

    `usual_of` tells of the last minutes, `expected_of` of this hour of the week as well.
    """

    now: float
    policy: Policy
    findings: tuple[Finding, ...]  # open ones
    usual_of: UsualOf
    expected_of: UsualOf
    loss: float
    paused: bool


class AdaptiveLimits:
    """The overlays of one tenant. `overlays` is what should be in force."""

    def __init__(self) -> None:
        self._now = 0.0
        self._shared: dict[str, Overlay] = {}
        self._moved_at: dict[str, float] = {}
        self._personal: dict[tuple[str, str], Overlay] = {}

    @property
    def overlays(self) -> tuple[Overlay, ...]:
        """Everybody's values first, then identities' own; none that has expired."""
        every = (*self._shared.values(), *self._personal.values())
        return tuple(overlay for overlay in every if overlay.expires_at > self._now)

    def restore(self, overlays: Iterable[Overlay], now: float) -> None:
        """Take up what is in force, after a restart or when another process gave the lease up."""
        for overlay in overlays:
            if overlay.expires_at <= now:
                continue
            if overlay.identity:
                self._personal.setdefault((overlay.limit, overlay.identity), overlay)
            elif overlay.limit not in self._shared:
                self._shared[overlay.limit] = overlay
                self._moved_at[overlay.limit] = overlay.created_at

    def step(self, situation: Situation) -> bool:
        """Move on to `situation.now`; True where the overlays changed."""
        before = self.overlays
        self._now = situation.now
        self._drop(situation)
        if not why_frozen(situation):
            allowed = AllowList(situation.policy.allow_list)
            for finding in situation.findings:
                if finding.detector == BURST.number and finding.identity not in allowed:
                    self._answer(finding, situation)
            for limit in adaptive_limits(situation.policy):
                self._follow(limit, situation)
        return self.overlays != before

    def _drop(self, situation: Situation) -> None:
        """Forget what the policy no longer lets be set, and identities' own values that have expired.

        Everybody's value is remembered: when it may be set again it goes on from where it was.
        """
        limits = {limit.name: limit for limit in adaptive_limits(situation.policy)}
        allowed = AllowList(situation.policy.allow_list)

        def holds(overlay: Overlay) -> bool:
            limit = limits.get(overlay.limit)
            return (
                limit is not None
                and is_within(overlay.rate, range_of(limit))
                and overlay.identity not in allowed
            )

        self._shared = {key: each for key, each in self._shared.items() if holds(each)}
        self._personal = {
            key: each
            for key, each in self._personal.items()
            if holds(each) and each.expires_at > situation.now
        }

    def _answer(self, finding: Finding, situation: Situation) -> None:
        """Give the finding's identity a value of its own on each adaptive limit that it meets."""
        for limit in adaptive_limits(situation.policy):
            if not meets(limit, finding, situation.policy):
                continue
            key = (limit.name, finding.identity)
            held = self._personal.get(key)
            if held is not None and held.expires_at - situation.now > RENEW_S:
                continue
            if held is None and len(self._personal) >= MOST_PERSONAL:
                continue
            if held is not None:
                self._personal[key] = msgspec.structs.replace(held, expires_at=situation.now + OVERLAY_TTL_S)
                continue
            self._personal[key] = personal_overlay(limit, finding, situation)

    def _follow(self, limit: Limit, situation: Situation) -> None:
        """Move the value that everybody gets towards the demand."""
        held = self._shared.get(limit.name)
        rate = held.rate if held else limit.rate
        usual = situation.expected_of(scope_of(limit))
        target = target_of(limit, usual)
        moved_at = self._moved_at.setdefault(limit.name, situation.now)
        dwelt = situation.now - moved_at >= DWELL_S
        wanted = moved(rate, target, range_of(limit)) if target is not None and dwelt else rate
        if abs(wanted - rate) > LEAST_MOVE * rate:
            self._moved_at[limit.name] = situation.now
            self._shared[limit.name] = shared_overlay(limit, wanted, usual, situation, was=rate)
        elif held is not None and held.expires_at - situation.now <= RENEW_S:
            self._shared[limit.name] = msgspec.structs.replace(held, expires_at=situation.now + OVERLAY_TTL_S)


def why_frozen(situation: Situation) -> str:
    """Why nothing may be set now; empty where it may."""
    if situation.paused:
        return "the loop is paused"
    if situation.loss > MOST_LOSS:
        return f"{situation.loss:.1%} of telemetry was lost"
    if any(finding.detector == COLLAPSE.number for finding in situation.findings):
        return "one address carries most identities"
    return ""


def adaptive_limits(policy: Policy) -> tuple[Limit, ...]:
    """The limits whose value analytics may set, keyed by what it can see."""
    return tuple(
        limit
        for limit in policy.limits
        if limit.adaptive is not None and limit.mode != "off" and isinstance(limit.key, str)
    )


def range_of(limit: Limit) -> Adaptive:
    """Floor and ceiling."""
    assert limit.adaptive is not None  # of `adaptive_limits`
    return limit.adaptive


def covers_of(policy: Policy) -> Mapping[str, frozenset[str]]:
    """Scope -> the routes that a limit covers: what analytics has to watch besides routes and everywhere."""
    return {scope_of(limit): frozenset(limit.routes) for limit in adaptive_limits(policy) if limit.routes}


def scope_of(limit: Limit) -> str:
    """The scope of a limit: its routes, or everywhere."""
    return f"limit:{limit.name}" if limit.routes else EVERYWHERE


def meets(limit: Limit, finding: Finding, policy: Policy) -> bool:
    """Whether a limit holds for the finding's identity on its route."""
    if limit.key != "identity" or (limit.routes and finding.route not in limit.routes):
        return False
    if not limit.plans:
        return True
    kind, _, name = finding.identity.partition(":")
    plan = next((each.plan for each in policy.consumers if kind == "consumer" and each.name == name), None)
    return plan in limit.plans


def is_within(rate: float, bounds: Adaptive) -> bool:
    """Whether a rate lies within floor and ceiling."""
    return bounds.floor <= rate <= bounds.ceiling


def clamped(rate: float, bounds: Adaptive) -> float:
    """The nearest rate within floor and ceiling."""
    return min(max(round(rate, RATE_DIGITS), bounds.floor), bounds.ceiling)


def target_of(limit: Limit, usual: Usual) -> float | None:
    """Where the demand wants everybody's value, requests per second; None where too little is known."""
    if usual.learnt_s < LEAST_LEARNT_S:
        return None
    if limit.key != "identity":
        return HEADROOM * usual.together[LONG] / SPANS[LONG]
    if usual.identities < LEAST_PEERS:
        return None
    return HEADROOM * max(usual.fitted[LONG], usual.greatest[LONG]) / SPANS[LONG]


def moved(rate: float, target: float, bounds: Adaptive) -> float:
    """One move towards the target: at most 20 % down or 10 % up, within the range.

    >>> moved(100.0, 10.0, Adaptive(floor=1.0, ceiling=500.0))
    80.0
    """
    step = min(max(target, rate * (1.0 - MOST_DOWN)), rate * (1.0 + MOST_UP))
    return clamped(step, bounds)


def burst_of(rate: float, peak: float) -> int:
    """A bucket that lets the usual peak of one second through, at most ten seconds' worth."""
    return max(1, min(math.ceil(peak), math.ceil(10.0 * rate)))


def personal_overlay(limit: Limit, finding: Finding, situation: Situation) -> Overlay:
    """The peers' 99.9th percentile over ten seconds, for the finding's identity alone."""
    usual = situation.usual_of(scope_of(limit))
    peers = min(usual.fitted[LONG], usual.greatest[LONG]) / SPANS[LONG]
    rate = clamped(peers, range_of(limit))
    place = to_place(scope_of(limit))
    return Overlay(
        id=overlay_id(limit, finding.identity, finding.id),
        tenant=situation.policy.tenant,
        limit=limit.name,
        identity=finding.identity,
        rate=rate,
        burst=burst_of(rate, min(usual.fitted[SHORT], usual.greatest[SHORT])),
        reason=f"client burst: {finding.summary or finding.identity}. {why_own(rate, peers, usual, place)}",
        finding=finding.id,
        created_at=situation.now,
        expires_at=situation.now + OVERLAY_TTL_S,
    )


def shared_overlay(limit: Limit, rate: float, usual: Usual, situation: Situation, *, was: float) -> Overlay:
    """The value that everybody gets."""
    identity = limit.key == "identity"
    peak = HEADROOM * (max(usual.fitted[SHORT], usual.greatest[SHORT]) if identity else usual.together[SHORT])
    scaled = limit.burst * rate / limit.rate
    return Overlay(
        id=overlay_id(limit, "", f"{situation.now:.3f}"),
        tenant=situation.policy.tenant,
        limit=limit.name,
        identity="",
        rate=rate,
        burst=max(1, math.ceil(max(scaled, peak))),
        reason=why(limit, rate, usual, was=was),
        finding="",
        created_at=situation.now,
        expires_at=situation.now + OVERLAY_TTL_S,
    )


def why_own(rate: float, peers: float, usual: Usual, place: str) -> str:
    """From the peers to an identity's own value."""
    text = f"It may send {to_rate(rate)}"
    asked = f"what 99.9 % of {usual.identities:,} peers stay below over 10 s {place}"
    if abs(rate - peers) <= LEAST_MOVE * rate:
        return f"{text}: {asked}"
    bound = "floor" if rate > peers else "ceiling"
    return f"{text}, the policy's {bound}: {asked} is {to_rate(peers)}"


def why(limit: Limit, rate: float, usual: Usual, *, was: float) -> str:
    """From the demand to the value: what everybody may send, where that is going, and what it rests on.

    >>> limit = Limit(name="a", rate=400.0, burst=1, adaptive=Adaptive(floor=3.0, ceiling=400.0))
    >>> why(limit, 80.0, Usual(404, 300, (9.0, 20.0, 90.0), (9.0, 20.0, 60.0), (80, 200, 600)), was=100.0)
    'everybody may send 80/s, on its way down by at most 20 % a minute towards 13.5/s: 1.5 times the 9 \
requests/s over 10 s that 99.9 % of 404 clients never pass'
    """
    bounds = range_of(limit)
    target = target_of(limit, usual) or rate
    aim = clamped(target, bounds)
    each = "everybody" if limit.key == "identity" else "all together"
    text = f"{each} may send {to_rate(rate)}"
    if rate == aim:
        text += f" (was {to_rate(was)})"
    else:
        way, most = ("down", MOST_DOWN) if rate < was else ("up", MOST_UP)
        text += f", on its way {way} by at most {most * 100:.0f} % a minute towards {to_rate(aim)}"
    if bounds.floor > target:
        text += ", the policy's floor"
    elif bounds.ceiling < target:
        text += ", the policy's ceiling"
    asked = to_rate(target / HEADROOM, "requests")
    return f"{text}: {HEADROOM:g} times the {asked} over 10 s {by_whom(limit, usual)}"


def by_whom(limit: Limit, usual: Usual) -> str:
    """Whose demand it is that everybody's value follows."""
    if limit.key != "identity":
        return "that all clients asked for together, at most"
    if usual.greatest[LONG] >= usual.fitted[LONG]:
        return f"that the busiest of {usual.identities:,} clients asked for"
    return f"that 99.9 % of {usual.identities:,} clients never pass"


def overlay_id(limit: Limit, identity: str, cause: str) -> str:
    """16 hex digits, the same for the same cause."""
    text = "\x1f".join((limit.name, identity, cause))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
