"""How one request is judged, step by step, in the words of the policy.

The verdict is kernel.decide's own; the steps only say which rules it looked at and what each said.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from kernel.addresses import Address, identity_of_address
from kernel.decide import (
    Facts,
    LimiterState,
    Reason,
    Verdicts,
    decide,
    is_enforced,
    judge_credential,
    limits_for,
)
from kernel.methods import RELAYED, refusal_of_method
from kernel.paths import normalise
from kernel.policy import Limit, Rule
from kernel.snapshot import AccessPlan, LimitPlan, RoutePlan, Snapshot
from kernel.wording import to_rate

BAD_REQUEST = "bad-request"  # as telemetry has it
Effect = Literal["passes", "refuses", "would refuse", "not asked"]


class Step(msgspec.Struct, frozen=True):
    """One thing that was looked at: `kind` is method, path, route, access, credential, body or limit."""

    kind: str
    name: str
    mode: str
    effect: Effect
    detail: str


class Explanation(msgspec.Struct, frozen=True):
    """The steps in the order of the rules, and the verdict on the last of `times` equal requests."""

    method: str
    path: str
    route: str
    client: str
    identity: str
    credential: str
    consumer: str
    plan: str
    steps: tuple[Step, ...]
    times: int
    admitted: int
    reason: str
    status: int  # 0: relayed
    rule: str
    would_refuse: tuple[str, ...]


class Asked(msgspec.Struct, frozen=True):
    """The request as written on the command line, and what was found out about it. `path` is normal."""

    method: str
    written: str
    path: str
    facts: Facts
    allow: tuple[str, ...]  # methods that the path does take, where this one is not among them


class Target(msgspec.Struct, frozen=True):
    """What a client asks for, as it would send it: the path may have a query, the host a port."""

    method: str
    path: str
    host: str


def judged(target: Target, facts: Facts, snapshot: Snapshot, *, now: float, times: int) -> Explanation:
    """Explain the last of `times` equal requests; their route, which `facts` does not know, is looked up."""
    written, _, _ = target.path.partition("?")
    if refusal_of_method(target.method):
        step = unknown_method(target.method)
        return explain_unreadable(target.method, written, facts.client, step=step, times=times)
    normal = normalise(written.encode())
    if normal is None:
        step = malformed_path(written)
        return explain_unreadable(target.method, written, facts.client, step=step, times=times)
    match = snapshot.matcher.match(target.host.partition(":")[0].lower(), normal, target.method)
    routed = msgspec.structs.replace(facts, route=match.route)
    return explain(Asked(target.method, written, normal, routed, match.allow), snapshot, now, times)


def explain(asked: Asked, snapshot: Snapshot, now: float, times: int = 1) -> Explanation:
    """Judge `times` equal requests at `now` on fresh limits and explain the last one."""
    state: LimiterState = {}
    admitted = 0
    for _ in range(max(times, 1)):
        verdicts = decide(asked.facts, snapshot, state, now)
        admitted += not verdicts.reason
    facts = asked.facts
    principal = facts.principal
    return Explanation(
        method=asked.method,
        path=asked.path,
        route=snapshot.routes[facts.route].name if facts.route >= 0 else "",
        client=facts.client.text,
        identity=facts.identity,
        credential=facts.credential,
        consumer=principal.consumer if principal else "",
        plan=principal.plan if principal else "",
        steps=tuple(steps_of(asked, snapshot, verdicts, now)),
        times=max(times, 1),
        admitted=admitted,
        reason=verdicts.reason.value,
        status=verdicts.status,
        rule=verdicts.rule,
        would_refuse=verdicts.would_refuse,
    )


def explain_unreadable(
    method: str, written: str, client: Address, *, step: Step, times: int = 1
) -> Explanation:
    """What is refused before a route is asked, because of `step`."""
    return Explanation(
        method=method,
        path=written,
        route="",
        client=client.text,
        identity=identity_of_address(client),
        credential="none",
        consumer="",
        plan="",
        steps=(step,),
        times=times,
        admitted=0,
        reason=BAD_REQUEST,
        status=refusal_of_method(method) or 400,
        rule="",
        would_refuse=(),
    )


def malformed_path(written: str) -> Step:
    """A path without a normal form."""
    detail = f"{written} does not normalise: servers would not agree on what it means"
    return Step("path", "", "", "refuses", detail)


def unknown_method(method: str) -> Step:
    """A method that the proxy does not relay."""
    meant = f"; methods are case-sensitive, write {method.upper()}" if method.upper() in RELAYED else ""
    return Step("method", "", "", "refuses", f"the proxy does not know the method {method!r}{meant}")


def steps_of(asked: Asked, snapshot: Snapshot, verdicts: Verdicts, now: float) -> Iterator[Step]:
    """Every step in the order of kernel.decide."""
    facts = asked.facts
    if asked.written != asked.path:
        yield Step("path", "", "", "passes", f"{asked.written} is matched and forwarded as {asked.path}")
    if facts.route < 0:
        takes = f"; the path takes {', '.join(asked.allow)}" if asked.allow else ""
        yield Step("route", "", "", "refuses", f"no route takes {asked.method} {asked.path}{takes}")
        yield from access_steps(facts, snapshot, now)
        return
    route = snapshot.routes[facts.route]
    yield Step("route", route.name, "", "passes", f"{route.template} to upstream {route.upstream.name!r}")
    yield from access_steps(facts, snapshot, now)
    denied = verdicts.reason == Reason.ACCESS_DENIED
    yield credential_step(facts, route, denied)
    yield body_step(facts, route, denied or bool(judge_credential(facts, route)))
    yield from limit_steps(facts, route, snapshot, verdicts=verdicts, now=now)


def mode_of(rule: Rule) -> str:
    """`enforce`, or `canary 10 %`."""
    return f"canary {rule.canary:.3g}" if rule.mode == "canary" else rule.mode


def access_steps(facts: Facts, snapshot: Snapshot, now: float) -> Iterator[Step]:
    """The access rules of the request's route, in order; the first enforced match ends them.

    Without a route those that are for every one.
    """
    route = snapshot.routes[facts.route] if facts.route >= 0 else None
    plans = {plan.name: plan for plan in (route.access if route else snapshot.access)}
    decided = ""
    for rule in snapshot.policy.access:
        if rule.routes and (route is None or route.name not in rule.routes):
            continue
        plan = plans.get(rule.name)
        effect, detail = access_effect(facts, plan, snapshot.hash_key, now)
        if decided:
            effect, detail = "not asked", f"{decided!r} decided"
        elif detail.startswith("decides"):
            decided = rule.name
        yield Step("access", rule.name, mode_of(rule), effect, f"{rule.action}: {detail}")


def access_effect(facts: Facts, plan: AccessPlan | None, hash_key: bytes, now: float) -> tuple[Effect, str]:
    """What one access rule says, were it asked."""
    if plan is None:
        return "not asked", "the rule is off"
    if plan.expires_at <= now:
        return "not asked", "the rule has expired"
    if facts.client not in plan.networks:
        return "passes", f"{facts.client.text} is in none of its networks"
    if is_enforced(plan, facts.identity, hash_key):
        return ("passes" if plan.allow else "refuses"), f"decides, {facts.client.text} is in its networks"
    return (
        "passes" if plan.allow else "would refuse"
    ), f"{facts.client.text} is in its networks, not enforced"


def credential_step(facts: Facts, route: RoutePlan, refused: bool) -> Step:
    """Authentication."""
    detail = f"the route's auth is {route.auth!r}, the credential is {facts.credential!r}"
    if refused:
        return Step("credential", "", "", "not asked", detail)
    return Step("credential", "", "", "refuses" if judge_credential(facts, route) else "passes", detail)


def body_step(facts: Facts, route: RoutePlan, refused: bool) -> Step:
    """The declared length against the cap."""
    declared = f"{facts.content_length} bytes" if facts.content_length >= 0 else "no length declared"
    detail = f"{declared}, the cap is {route.max_body_bytes} bytes"
    if refused:
        return Step("body", "", "", "not asked", detail)
    return Step(
        "body", "", "", "refuses" if facts.content_length > route.max_body_bytes else "passes", detail
    )


def limit_steps(
    facts: Facts, route: RoutePlan, snapshot: Snapshot, *, verdicts: Verdicts, now: float
) -> Iterator[Step]:
    """The limits that name this route, in order."""
    plans = {plan.name: plan for plan in limits_for(route, facts.principal)}
    for limit in snapshot.policy.limits:
        if limit.routes and route.name not in limit.routes:
            continue
        plan = plans.get(limit.name)
        effect: Effect
        if plan is None or plan.expires_at <= now:
            effect, detail = "not asked", why_not_asked(limit, plan)
        elif is_enforced(plan, facts.identity, snapshot.hash_key):
            effect, detail = enforced_effect(limit, verdicts)
        else:
            effect = "would refuse" if limit.name in verdicts.would_refuse else "passes"
            detail = f"{to_rate(limit.rate)}, burst {limit.burst}; not enforced, on state of its own"
        yield Step("limit", limit.name, mode_of(limit), effect, detail)


def why_not_asked(limit: Limit, plan: LimitPlan | None) -> str:
    """Why a limit of this route does not count for this request."""
    if limit.mode == "off":
        return "the limit is off"
    return f"it is for the plans {', '.join(limit.plans)}" if plan is None else "the limit has expired"


def enforced_effect(limit: Limit, verdicts: Verdicts) -> tuple[Effect, str]:
    """What an enforced limit said."""
    verdict = next((each for each in verdicts.limits if each.name == limit.name), None)
    if verdict is None:
        return "not asked", "refused before"
    size = f"{to_rate(verdict.quota.rate)}, burst {verdict.quota.burst}"
    held = f" (overlay {verdict.overlay})" if verdict.overlay else ""
    key = f"key {verdict.key!r}" if verdict.key else "one bucket for all"
    if verdict.taken.allowed:
        return "passes", f"{size}{held}; {key}, {verdict.taken.remaining} left"
    return "refuses", f"{size}{held}; {key}, again in {verdict.taken.retry_after:.3g} s"
