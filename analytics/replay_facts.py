"""From a stored combination to the facts that a policy judges, and to the course that it takes."""

from typing import NamedTuple

from analytics.courses import ADMITTED, Course, Judge, Told, plans_of, without_rules
from analytics.replay_rules import Judged, opaque_rules
from kernel.addresses import UNKNOWN, identity_of_address, parse_address
from kernel.decide import (
    NO_ROUTE,
    UNROUTED,
    WRONG_METHOD,
    Credential,
    Facts,
    Reason,
    limit_key,
    limits_for,
)
from kernel.findings import Overlay
from kernel.policy import AccessRule, Auth, Limit, Policy
from kernel.snapshot import NEVER, Principal, Snapshot
from warehouse.readers_replay import CombinationColumns


class Combination(NamedTuple):
    """What requests have in common, see warehouse.readers_replay.CombinationColumns."""

    code: int
    route: str
    path: str
    host: str
    identity: str
    address: str
    consumer: str
    plan: str
    credential_hash: int
    is_invalid: int
    is_too_large: int
    is_wrong_method: int
    is_answered: int
    body_bytes: int
    refused_by: str
    told_then: tuple[str, ...]


class Terms(NamedTuple):
    """What a policy asks of requests, and sees in them, apart from rules: where it differs, it met them."""

    auth: Auth
    max_body_bytes: int
    credential: Credential
    plan: str


def combinations_of(columns: CombinationColumns) -> dict[int, Combination]:
    """By their code."""
    names = CombinationColumns.__struct_fields__
    rows = zip(*(getattr(columns, name) for name in names), strict=True)
    return {row[0]: Combination._make((*row[:-1], tuple(row[-1]))) for row in rows}


class Side:
    """One of the two policies that are compared. `now` is when rules and keys are looked at."""

    def __init__(self, snapshot: Snapshot, base: Policy, overlays: tuple[Overlay, ...]) -> None:
        self.opaque: dict[str, Judged] = opaque_rules(snapshot.policy, base)
        self.snapshot = without_rules(snapshot, frozenset(self.opaque))
        self.judge = Judge(self.snapshot, overlays)
        self._by_name = {route.name: route.index for route in snapshot.routes}
        self._by_place = {(route.template, route.host): route.index for route in snapshot.routes}
        principals = snapshot.credentials.values()
        self._by_key = {each.credential_hash: each for each in principals}
        self._consumers = {each.name: each.plan or "" for each in snapshot.policy.consumers}
        self._most_bytes = max((route.max_body_bytes for route in snapshot.routes), default=0)

    def facts(self, found: Combination, now: float) -> Facts:
        """What this policy would have been told."""
        client = parse_address(found.address) or UNKNOWN
        identity, principal = found.identity, None
        credential: Credential = "invalid" if found.is_invalid else "none"
        if found.consumer:
            principal = self._principal(found)
            credential = "valid" if principal is not None and principal.expires_at > now else "invalid"
        if credential == "invalid":
            principal = None
            identity = identity_of_address(client) if found.consumer else identity
        length = self._most_bytes + 1 if found.is_too_large else found.body_bytes or -1
        values = ("",) * len(self.snapshot.limit_headers)
        return Facts(self._route(found), client, identity, credential, principal, length, values)

    def course(self, found: Combination, facts: Facts) -> Course:
        """What is asked of these requests."""
        said_no = [*found.told_then, *([found.refused_by] if found.refused_by else [])]
        known = [self.opaque[name] for name in said_no if name in self.opaque]
        recorded = [each for each in known if each.kind == "recorded"]
        enforced = next((each.rule for each in recorded if each.rule.mode == "enforce"), None)
        if enforced is not None:
            reason = Reason.QUOTA_EXCEEDED if isinstance(enforced, Limit) else Reason.ACCESS_DENIED
            return Course(None, [], Told(reason, enforced.name, (), (enforced.name,)), ())
        course = self.judge.course(facts, tuple(each.rule.name for each in recorded))
        if found.is_answered and course.fixed.reason in UNROUTED:
            return answered(course.fixed.would_refuse)
        return course

    def met(self, facts: Facts, found: Combination) -> dict[str, str]:
        """The rules that the requests could meet, and for limits the bucket's key."""
        if facts.route < 0:
            return dict.fromkeys(
                [*(rule.name for rule in self.snapshot.access), *self._recorded_unrouted()], ""
            )
        route = self.snapshot.routes[facts.route]
        met = {rule.name: "" for rule in route.access}
        for plan in limits_for(route, facts.principal):
            met[plan.name] = limit_key(plan, facts, route.name)
        return met | dict.fromkeys(self._recorded_on(found.route), "")

    def terms(self, facts: Facts) -> Terms | None:
        """What is asked of these requests besides rules; None where no route takes them."""
        if facts.route < 0:
            return None
        route, principal = self.snapshot.routes[facts.route], facts.principal
        return Terms(route.auth, route.max_body_bytes, facts.credential, principal.plan if principal else "")

    def _recorded_on(self, route: str) -> list[str]:
        return [
            name
            for name, each in self.opaque.items()
            if each.kind == "recorded" and (not each.rule.routes or route in each.rule.routes)
        ]

    def _recorded_unrouted(self) -> list[str]:
        """Limits ask nothing of what no route takes, nor do access rules for some routes."""
        return [name for name in self._recorded_on("") if isinstance(self.opaque[name].rule, AccessRule)]

    def _route(self, found: Combination) -> int:
        """Which of this policy's routes takes the requests: by name, or by path and host."""
        if not found.route:
            return WRONG_METHOD if found.is_wrong_method else NO_ROUTE
        place = self._by_place.get((found.path, found.host), NO_ROUTE)
        return self._by_name.get(found.route, place)

    def _principal(self, found: Combination) -> Principal | None:
        """Who this policy would see behind the key; None where it knows neither key nor consumer."""
        known = self._by_key.get(found.credential_hash)
        if known is not None or found.consumer not in self._consumers:
            return known
        if found.credential_hash and any(each.consumer == found.consumer for each in self._by_key.values()):
            return None  # the consumer's key was another one
        return Principal(found.consumer, self._consumers[found.consumer], found.identity, 0, NEVER)


def answered(shadows: tuple[str, ...]) -> Course:
    """What no route takes, and a Python handler behind the gateway answers: nothing else refuses it."""
    return Course(None, [], Told(Reason.NONE, "", shadows, shadows) if shadows else ADMITTED, ())


def slowest_refill_s(snapshot: Snapshot) -> float:
    """The seconds that the slowest bucket takes from empty to full."""
    plans = [plan for route in snapshot.routes for plan in plans_of(route)]
    return max((plan.quota.burst / plan.quota.rate for plan in plans), default=0.0)
