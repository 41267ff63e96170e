"""How an approved patch enters the policy: in which mode, until when, and what is left of it later."""

import msgspec

from kernel.control import Approve
from kernel.patch import (
    AddAccess,
    AddLimit,
    AnyRule,
    Operation,
    Patch,
    RemoveRule,
    SetMode,
    SetRate,
    StalePatch,
    meaning,
    moment,
)
from kernel.policy import Policy
from kernel.recommendations import Approval


def added_rules(patch: Patch) -> tuple[str, ...]:
    """Names of the rules that a patch adds. Others were there before and are no recommendation's to end."""
    return tuple(
        each.limit.name if isinstance(each, AddLimit) else each.access.name
        for each in patch.operations
        if isinstance(each, AddLimit | AddAccess)
    )


def changed_rules(patch: Patch) -> tuple[str, ...]:
    """Names of the rules that a patch adds, changes or takes away, each once."""
    return tuple(dict.fromkeys(map(rule_of, patch.operations)))


def rule_of(operation: Operation) -> str:
    """The name of the rule that an operation is about."""
    match operation:
        case AddLimit(limit):
            return limit.name
        case AddAccess(access):
            return access.name
        case SetRate(rule) | SetMode(rule) | RemoveRule(rule):
            return rule


def unbound(patch: Patch, asked: Approve) -> tuple[str, ...]:
    """Why a patch cannot be held in the mode and for the time that was asked; nothing where it can."""
    if asked.mode == "enforce" and not asked.lasts_s:
        return ()
    added = frozenset(added_rules(patch))
    return tuple(
        f"the change of rule {rule!r}, which is there already, acts at once, on everybody and for ever:"
        " no other mode and no expiry can hold it; approve it in mode enforce for ever (0), or reject it"
        for rule in changed_rules(patch)
        if rule not in added
    )


def entering(patch: Patch, asked: Approve | Approval, expires_at: float) -> Patch:
    """The patch with its new rules in the mode, and with the expiry, that the operator chose."""
    added = frozenset(added_rules(patch))
    operations = (each for each in patch.operations if not (isinstance(each, SetMode) and each.rule in added))
    return Patch(patch.base, tuple(as_asked(each, asked, expires_at) for each in operations))


def as_asked(operation: Operation, asked: Approve | Approval, expires_at: float) -> Operation:
    """An operation; a rule that it adds enters as the operator chose, whatever the patch says of that."""
    match operation:
        case AddLimit(limit):
            return AddLimit(chosen(limit, asked, expires_at))
        case AddAccess(access):
            return AddAccess(chosen(access, asked, expires_at))
        case _:
            return operation


def chosen(rule: AnyRule, asked: Approve | Approval, expires_at: float) -> AnyRule:
    """A rule in the mode and with the expiry that were chosen; 0: it has none."""
    return msgspec.structs.replace(
        rule,
        mode=asked.mode,
        canary=asked.canary if asked.mode == "canary" else 0.0,
        expires_at=moment(expires_at) if expires_at else None,
    )


def due_rules(policy: Policy, patch: Patch, now: float) -> tuple[str, ...]:
    """Which of the rules that a patch added are there and have expired: one that somebody prolonged stays."""
    added = frozenset(added_rules(patch))
    return tuple(
        rule.name
        for rule in (*policy.limits, *policy.access)
        if rule.name in added and rule.expires_at and rule.expires_at.timestamp() <= now
    )


def is_undone(policy: Policy, patch: Patch) -> bool:
    """Whether nothing is left in a policy of what a patch did."""
    return bool(patch.operations) and not any(is_there(policy, each) for each in patch.operations)


def is_there(policy: Policy, operation: Operation) -> bool:
    """Whether a policy has what an operation makes: a rule of that name, or the value that it sets."""
    has_rule = any(rule.name == rule_of(operation) for rule in (*policy.limits, *policy.access))
    match operation:
        case AddLimit() | AddAccess():
            return has_rule
        case RemoveRule():
            return not has_rule
        case _:
            try:
                return meaning(policy, operation) == policy
            except StalePatch:
                return False
