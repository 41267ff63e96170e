"""A change of a policy as a value: operations on its rules, on a base revision.

`apply` edits the YAML text and leaves the rest of it, comments included, as it is. What it makes is read
again and compared with what the operations mean: a text that says anything else is never returned.
"""

import datetime as dt
from collections.abc import Callable
from typing import TypeVar, assert_never

import msgspec

from kernel.check import read_policy
from kernel.policy import RATE_SECONDS, AccessRule, HeaderKey, Limit, Mode, Policy, Rule
from kernel.rewriting import Entries, Entry, Unclear, add_rule, remove_rule, set_fields

FINEST = 9  # digits after the point of a rate
AnyRule = TypeVar("AnyRule", Limit, AccessRule)


class AddLimit(msgspec.Struct, frozen=True, tag_field="op", tag="add-limit"):
    """A new limit."""

    limit: Limit


class AddAccess(msgspec.Struct, frozen=True, tag_field="op", tag="add-access"):
    """A new access rule, before the others: the first that matches decides."""

    access: AccessRule


class SetRate(msgspec.Struct, frozen=True, tag_field="op", tag="set-rate"):
    """Another value of a limit that is there (requests per second)."""

    rule: str
    rate: float
    burst: int


class SetMode(msgspec.Struct, frozen=True, tag_field="op", tag="set-mode"):
    """Another mode of a rule that is there. `expires_at`: seconds since 1970, 0 leaves it as it is."""

    rule: str
    mode: Mode
    canary: float = 0.0
    expires_at: float = 0.0


class RemoveRule(msgspec.Struct, frozen=True, tag_field="op", tag="remove-rule"):
    """Take a rule away."""

    rule: str


Operation = AddLimit | AddAccess | SetRate | SetMode | RemoveRule


class Patch(msgspec.Struct, frozen=True):
    """Operations in order. `base`: the revision for which they were made."""

    base: str
    operations: tuple[Operation, ...]


class StalePatch(Exception):
    """The patch does not fit the policy any more; the message says which rule and why."""


def apply(text: str, patch: Patch, at: float) -> str:
    """The policy's text with the operations carried out; `at` (seconds since 1970) judges expiry.

    Raises StalePatch: a rule is missing or there already, the result is no good policy, or the text is
    written in a way (an alias among the rules) that cannot be edited safely.
    """
    policy = policy_of(text, at)
    for operation in patch.operations:
        policy = meaning(policy, operation)
        try:
            text = edit(text, operation)
        except Unclear as why:
            raise StalePatch(f"{why}; edit the policy by hand") from why
    if policy_of(text, at) != policy:
        raise StalePatch("the text cannot be edited safely; edit the policy by hand")
    return text


def policy_of(text: str, at: float) -> Policy:
    """The policy in a text. Raises StalePatch with its errors."""
    reading = read_policy(text, "policy", at)
    if reading.policy is None:
        errors = [each.text() for each in reading.problems if each.severity == "error"]
        raise StalePatch("; ".join(errors))
    return reading.policy


def meaning(policy: Policy, operation: Operation) -> Policy:
    """What an operation makes of a policy's value. Raises StalePatch."""
    match operation:
        case AddLimit(limit):
            check_absent(policy, limit.name)
            return msgspec.structs.replace(policy, limits=(*policy.limits, as_written(limit)))
        case AddAccess(access):
            check_absent(policy, access.name)
            return msgspec.structs.replace(policy, access=(whole_seconds(access), *policy.access))
        case SetRate(rule, rate, burst):
            if all(limit.name != rule for limit in policy.limits):
                raise StalePatch(f"there is no limit {rule!r} any more")
            written = rate_of(to_rate(rate))
            return changed(policy, rule, lambda each: replaced(each, rate=written, burst=burst))
        case SetMode(rule):
            return changed(policy, rule, lambda each: with_mode(each, operation))
        case RemoveRule(rule):
            check_present(policy, rule)
            return msgspec.structs.replace(
                policy,
                limits=tuple(each for each in policy.limits if each.name != rule),
                access=tuple(each for each in policy.access if each.name != rule),
            )
        case _:
            assert_never(operation)


def edit(text: str, operation: Operation) -> str:
    """What an operation makes of a policy's text. Raises Unclear."""
    match operation:
        case AddLimit(limit):
            return add_rule(text, "limits", limit_entries(limit))
        case AddAccess(access):
            fields: Entries = {"action": access.action, "networks": access.networks}
            return add_rule(text, "access", with_common(access, fields), first=True)
        case SetRate(rule, rate, burst):
            return set_fields(text, rule, {"rate": to_rate(rate), "burst": burst})
        case SetMode(rule, mode, canary, expires_at):
            fields_set: dict[str, Entry] = {"mode": mode}
            if mode == "canary" or canary:
                fields_set["canary"] = canary
            if expires_at:
                fields_set["expires_at"] = to_instant(moment(expires_at))
            return set_fields(text, rule, fields_set)
        case RemoveRule(rule):
            return remove_rule(text, rule)
        case _:
            assert_never(operation)


def check_absent(policy: Policy, name: str) -> None:
    """Raise StalePatch where a rule has that name."""
    if any(rule.name == name for rule in (*policy.limits, *policy.access)):
        raise StalePatch(f"there is a rule {name!r} already")


def check_present(policy: Policy, name: str) -> None:
    """Raise StalePatch where no rule has that name."""
    if all(rule.name != name for rule in (*policy.limits, *policy.access)):
        raise StalePatch(f"there is no rule {name!r} any more")


def changed(policy: Policy, name: str, change: Callable[[Rule], Rule]) -> Policy:
    """A policy with one rule changed."""
    check_present(policy, name)
    limits = [change(each) if each.name == name else each for each in policy.limits]
    access = [change(each) if each.name == name else each for each in policy.access]
    return msgspec.structs.replace(policy, limits=tuple(limits), access=tuple(access))


def replaced(rule: Rule, **fields: object) -> Rule:
    """A rule with other fields."""
    return msgspec.structs.replace(rule, **fields)


def with_mode(rule: Rule, operation: SetMode) -> Rule:
    """A rule in another mode."""
    wanted = operation.canary if operation.mode == "canary" or operation.canary else rule.canary
    expires = moment(operation.expires_at) if operation.expires_at else rule.expires_at
    return replaced(rule, mode=operation.mode, canary=wanted, expires_at=expires)


def as_written(limit: Limit) -> Limit:
    """A limit as it reads when it is written: rates have nine digits after the point, times whole seconds."""
    written = msgspec.structs.replace(whole_seconds(limit), rate=rate_of(to_rate(limit.rate)))
    if limit.adaptive is None:
        return written
    floor, ceiling = limit.adaptive.floor, limit.adaptive.ceiling
    adaptive = msgspec.structs.replace(
        limit.adaptive, floor=rate_of(to_rate(floor)), ceiling=rate_of(to_rate(ceiling))
    )
    return msgspec.structs.replace(written, adaptive=adaptive)


def whole_seconds(rule: AnyRule) -> AnyRule:
    """A rule whose expiry is a whole second."""
    if rule.expires_at is None:
        return rule
    return msgspec.structs.replace(rule, expires_at=rule.expires_at.replace(microsecond=0))


def limit_entries(limit: Limit) -> Entries:
    """A limit's fields as they are written, those with their default left out."""
    fields: dict[str, Entry | Entries] = {"rate": to_rate(limit.rate), "burst": limit.burst}
    if isinstance(limit.key, HeaderKey):
        fields["key"] = {"header": limit.key.header}
    elif limit.key != "identity":
        fields["key"] = limit.key
    if limit.plans:
        fields["plans"] = limit.plans
    if limit.adaptive is not None:
        fields["adaptive"] = {
            "floor": to_rate(limit.adaptive.floor),
            "ceiling": to_rate(limit.adaptive.ceiling),
        }
    return with_common(limit, fields)


def with_common(rule: Rule, own: Entries) -> Entries:
    """A rule's own fields between those that every rule has."""
    fields: dict[str, Entry | Entries] = {"name": rule.name}
    if rule.mode != "enforce":
        fields["mode"] = rule.mode
    if rule.canary:
        fields["canary"] = rule.canary
    if rule.routes:
        fields["routes"] = rule.routes
    fields.update(own)
    if rule.expires_at is not None:
        fields["expires_at"] = to_instant(rule.expires_at)
    if rule.reason:
        fields["reason"] = rule.reason
    return fields


def to_rate(rate: float) -> str:
    """A rate (requests per second) in the unit that reads best: `10/s`, `90/min`, `0.4/s`.

    >>> to_rate(1.5), to_rate(20.0), to_rate(1 / 3)
    ('90/min', '20/s', '20/min')
    """
    for unit, seconds in RATE_SECONDS.items():
        count = rate * seconds
        if count >= 1 and abs(count - round(count)) < 1e-6:
            return f"{round(count)}/{unit}"
    return f"{rate:.{FINEST}f}".rstrip("0").rstrip(".") + "/s"


def rate_of(written: str) -> float:
    """What a written rate means, in requests per second."""
    count, _, unit = written.partition("/")
    return float(count) / RATE_SECONDS[unit]


def moment(seconds: float) -> dt.datetime:
    """A whole second in UTC."""
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)


def to_instant(at: dt.datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
