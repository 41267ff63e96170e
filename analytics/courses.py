"""`kernel.decide` made ready for millions of stored requests: what is equal for equal facts is judged once.

A *course* is what remains of a decision when route, client, credential and rules are known: the verdicts
that time does not change, and the buckets to ask. It holds until a rule or a key expires; an overlay only
changes a bucket's size. Access, credentials, canaries, keys and quotas are judged by the kernel's own
functions; the bucket's arithmetic is `kernel.limits.take`, written out. `tests/properties/test_replay.py`
holds both forms together.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from kernel.compile import with_overlays
from kernel.decide import (
    SHADOW,
    STATUS,
    Facts,
    Reason,
    Slot,
    is_enforced,
    judge_access,
    judge_credential,
    judge_unrouted,
    limit_key,
    limits_for,
    quota_of,
)
from kernel.findings import Overlay
from kernel.limits import SLACK, TAT_UNSEEN, TICKS
from kernel.snapshot import LimitPlan, RoutePlan, Snapshot

Bucket = list[float]  # one number: the theoretical arrival time
Cell = list[float]  # interval and capacity in seconds; 1 where the quota is an identity's own


class Told(NamedTuple):
    """A decision: `hits` are all rules that said no, shadows among them."""

    reason: Reason
    rule: str
    would_refuse: tuple[str, ...]
    hits: tuple[str, ...]

    @property
    def status(self) -> int:
        """The status of a refusal, 0 where it was admitted."""
        return STATUS[self.reason]


ADMITTED = Told(Reason.NONE, "", (), ())


class Entry(NamedTuple):
    """One limit to ask."""

    enforced: bool
    name: str
    bucket: Bucket
    cell: Cell


class Course(NamedTuple):
    """Either one enforced limit alone (`bucket`), or `entries` after what is `fixed`."""

    bucket: Bucket | None
    cell: Cell
    fixed: Told
    entries: tuple[Entry, ...]


NOTHING = Course(None, [], ADMITTED, ())


class Judge:
    """A policy over time. `overlays` are in force from their creation to their expiry."""

    def __init__(self, snapshot: Snapshot, overlays: Sequence[Overlay] = ()) -> None:
        self.snapshot = snapshot
        self._overlays = sorted(overlays, key=lambda each: each.created_at)
        self._personal = {(each.limit, each.identity) for each in overlays if each.identity}
        self._buckets: dict[Slot, Bucket] = {}
        self._cells: dict[tuple[str, str], Cell] = {}
        self._plans: dict[str, LimitPlan] = {}
        self._now = -math.inf

    @property
    def expiries(self) -> set[float]:
        """When rules and keys expire: courses made before do not hold after."""
        routes = self.snapshot.routes
        rules = {rule.expires_at for route in routes for rule in route.access}
        rules |= {rule.expires_at for rule in self.snapshot.access}
        rules |= {plan.expires_at for route in routes for plan in plans_of(route)}
        keys = {each.expires_at for each in self.snapshot.credentials.values()}
        return rules | keys

    @property
    def changes(self) -> set[float]:
        """When anything changes: call `enter` at each of them."""
        return self.expiries | {at for each in self._overlays for at in (each.created_at, each.expires_at)}

    def enter(self, now: float) -> None:
        """Take the quotas of `now` (seconds since 1970)."""
        self._now = now
        in_force = [each for each in self._overlays if each.created_at <= now < each.expires_at]
        current = with_overlays(self.snapshot, in_force, 0) if self._overlays else self.snapshot
        self._plans = {plan.name: plan for route in current.routes for plan in plans_of(route)}
        for (name, identity), cell in self._cells.items():
            cell[:] = cell_of(self._plans[name], identity, now)

    def course(self, facts: Facts, told_then: tuple[str, ...] = ()) -> Course:
        """What to ask of these facts from `enter` on. `told_then`: shadows whose verdict is stored."""
        now, snapshot = self._now, self.snapshot
        if facts.route < 0:
            verdict = judge_unrouted(facts, snapshot, now)
            shadows = verdict.would_refuse + told_then
            hits = (verdict.rule, *shadows) if verdict.rule else shadows
            return Course(None, [], Told(verdict.reason, verdict.rule, shadows, hits), ())
        route = snapshot.routes[facts.route]
        reason, rule, shadows = judge_access(facts, route.access, snapshot.hash_key, now)
        if not reason:
            reason = judge_credential(facts, route)
        if not reason and facts.content_length > route.max_body_bytes:
            reason = Reason.BODY_TOO_LARGE
        shadows += told_then
        hits = (rule, *shadows) if rule else shadows
        entries = tuple(self._entries(facts, route, refused=bool(reason)))
        fixed = ADMITTED if not (reason or shadows) else Told(reason, rule, shadows, hits)
        if len(entries) == 1 and entries[0].enforced and fixed is ADMITTED:
            return Course(entries[0].bucket, entries[0].cell, fixed, entries)
        return Course(None, [], fixed, entries)

    def _entries(self, facts: Facts, route: RoutePlan, *, refused: bool) -> Iterable[Entry]:
        for plan in limits_for(route, facts.principal):
            if plan.expires_at <= self._now:
                continue
            enforced = is_enforced(plan, facts.identity, self.snapshot.hash_key)
            if enforced and refused:
                continue
            slot = (plan.name if enforced else SHADOW + plan.name, limit_key(plan, facts, route.name))
            bucket = self._buckets.setdefault(slot, [TAT_UNSEEN])
            yield Entry(enforced, plan.name, bucket, self._cell(plan.name, facts.identity))

    def _cell(self, name: str, identity: str) -> Cell:
        """The size of a bucket, shared by all whose quota is everybody's."""
        key = (name, identity if (name, identity) in self._personal else "")
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = list(cell_of(self._plans[name], key[1], self._now))
        return cell

    def forget(self, now: float) -> None:
        """Drop full buckets; every course made before is void."""
        self._buckets = {slot: bucket for slot, bucket in self._buckets.items() if bucket[0] > now}
        self._cells = {}

    def state(self) -> dict[Slot, float]:
        """The buckets as `kernel.decide` keeps them."""
        return {slot: bucket[0] for slot, bucket in self._buckets.items() if bucket[0] != TAT_UNSEEN}


def plans_of(route: RoutePlan) -> list[LimitPlan]:
    """Every limit of a route, for whomever."""
    return [*route.limits, *(plan for plans in route.limits_by_plan.values() for plan in plans)]


def cell_of(plan: LimitPlan, identity: str, now: float) -> tuple[float, float, float]:
    """(interval, capacity, whether it is the identity's own), as `take` computes them."""
    (rate, burst), _, personal = quota_of(plan, identity, now)
    interval = math.ceil(TICKS / rate) / TICKS
    return interval, burst * interval, float(personal)


def without_rules(snapshot: Snapshot, names: frozenset[str]) -> Snapshot:
    """The same revision without some of its rules."""

    def kept(route: RoutePlan) -> RoutePlan:
        def rest(plans: tuple[LimitPlan, ...]) -> tuple[LimitPlan, ...]:
            return tuple(plan for plan in plans if plan.name not in names)

        return msgspec.structs.replace(
            route,
            access=tuple(rule for rule in route.access if rule.name not in names),
            limits=rest(route.limits),
            limits_by_plan={name: rest(plans) for name, plans in route.limits_by_plan.items()},
        )

    return msgspec.structs.replace(
        snapshot,
        routes=tuple(kept(route) for route in snapshot.routes),
        access=tuple(rule for rule in snapshot.access if rule.name not in names),
    )


def run(courses: Sequence[Course], times: Sequence[float]) -> list[tuple[int, Told]]:
    """Judge requests in order: (position, decision) of all that any rule said no to."""
    told: list[tuple[int, Told]] = []
    at = -1
    for now, course in zip(times, courses, strict=True):
        at += 1
        bucket, cell, fixed, entries = course
        if bucket is not None:
            interval, capacity, personal = cell
            debt = bucket[0] - now
            if debt < 0.0:
                debt = 0.0
            elif debt > capacity:
                debt = capacity
                bucket[0] = now + capacity
            debt += interval
            if debt <= capacity + SLACK:
                bucket[0] = now + debt
            else:
                told.append((at, refusal(entries[0].name, personal)))
        elif entries:
            verdict = ask(entries, fixed, now)
            if verdict is not ADMITTED:
                told.append((at, verdict))
        elif fixed is not ADMITTED:
            told.append((at, fixed))
    return told


def refusal(name: str, personal: float) -> Told:
    """By one limit alone."""
    return Told(Reason.ABNORMAL_USAGE if personal else Reason.QUOTA_EXCEEDED, name, (), (name,))


def ask(entries: tuple[Entry, ...], fixed: Told, now: float) -> Told:
    """`kernel.decide.judge_limits`: the enforced are charged together or not at all, shadows always."""
    shadows, hits = fixed.would_refuse, fixed.hits
    charges: list[tuple[Bucket, float]] = []
    longest, by, is_own = -1.0, "", 0.0
    for enforced, name, bucket, (interval, capacity, personal) in entries:
        tat = bucket[0]
        debt = tat - now
        if debt < 0.0:
            debt = 0.0
        elif debt > capacity:
            debt, tat = capacity, now + capacity
        after = debt + interval
        if after <= capacity + SLACK:
            if enforced:
                charges.append((bucket, now + after))
            else:
                bucket[0] = now + after
            continue
        bucket[0] = tat
        hits = (*hits, name)
        if not enforced:
            shadows = (*shadows, name)
        elif after - capacity > longest:
            longest, by, is_own = after - capacity, name, personal
    if by:
        return Told(Reason.ABNORMAL_USAGE if is_own else Reason.QUOTA_EXCEEDED, by, shadows, hits)
    for bucket, tat in charges:
        bucket[0] = tat
    return fixed if shadows is fixed.would_refuse else Told(fixed.reason, fixed.rule, shadows, hits)
