"""How an approved patch enters the policy, and what is left of it."""

import datetime as dt

import msgspec
import pytest

from console.entering import added_rules, changed_rules, due_rules, entering, is_undone, unbound
from kernel.control import Approve
from kernel.patch import (
    AddAccess,
    AddLimit,
    Operation,
    Patch,
    RemoveRule,
    SetMode,
    SetRate,
    apply,
    policy_of,
)
from kernel.policy import AccessRule, Limit
from tests.console.policies import ADAPTIVE

AT = 1_000.0
SEEN = "0123456789abcdef"
ENDING = dt.datetime.fromtimestamp(AT + 100, dt.UTC)
SLOW = AddLimit(Limit(name="slow", rate=1.0, burst=5, mode="shadow", expires_at=ENDING))
DENY = AddAccess(AccessRule(name="deny", action="deny", networks=("192.0.2.0/24",), expires_at=ENDING))
BOTH = Patch("", (SLOW, DENY))


def test_new_rules_get_the_mode_and_the_expiry_that_were_chosen_and_no_other() -> None:
    patch = Patch("", (*BOTH.operations, SetMode("slow", "shadow", expires_at=AT + 50)))
    asked = Approve("canary", "r", SEEN, 0.25, 60)
    policy = policy_of(apply(ADAPTIVE, entering(patch, asked, AT + 60), AT), AT)
    rules = [rule for rule in (*policy.limits, *policy.access) if rule.name in ("slow", "deny")]
    told = [(each.mode, each.canary, each.expires_at and each.expires_at.timestamp()) for each in rules]
    assert told == [("canary", 0.25, AT + 60)] * 2


def test_for_ever_clears_an_expiry_that_the_patch_brought() -> None:
    entered = entering(BOTH, Approve("enforce", "r", SEEN), 0.0)
    policy = policy_of(apply(ADAPTIVE, entered, AT), AT)
    assert [each.expires_at for each in (*policy.limits, *policy.access)] == [None] * 4


@pytest.mark.parametrize(
    "operation", [SetRate("fixed", 1.0, 5), SetMode("fixed", "shadow"), RemoveRule("fixed")]
)
def test_a_rule_that_is_there_can_only_change_for_ever(operation: Operation) -> None:
    patch = Patch("", (SLOW, operation))
    assert unbound(patch, Approve("enforce", "r", SEEN)) == ()
    for asked in (Approve("shadow", "r", SEEN), Approve("enforce", "r", SEEN, lasts_s=60)):
        (reason,) = unbound(patch, asked)
        assert "rule 'fixed'" in reason


def test_rules_that_a_patch_adds_and_those_that_it_is_about_are_told_apart() -> None:
    patch = Patch("", (SLOW, SetRate("slow", 2.0, 5), SetRate("fixed", 2.0, 5)))
    assert added_rules(patch) == ("slow",)
    assert changed_rules(patch) == ("slow", "fixed")
    assert unbound(Patch("", patch.operations[:2]), Approve("shadow", "r", SEEN)) == ()


def test_rules_are_due_when_they_have_expired_and_not_where_they_were_prolonged() -> None:
    policy = policy_of(apply(ADAPTIVE, BOTH, AT), AT)
    assert due_rules(policy, BOTH, AT + 99) == ()
    assert due_rules(policy, BOTH, AT + 100) == ("slow", "deny")
    forever = tuple(msgspec.structs.replace(each, expires_at=None) for each in policy.limits)
    assert due_rules(msgspec.structs.replace(policy, limits=forever), BOTH, AT + 100) == ("deny",)


@pytest.mark.parametrize(
    "operation", [SLOW, DENY, SetRate("fixed", 1.0, 5), SetMode("fixed", "shadow"), RemoveRule("fixed")]
)
def test_a_patch_is_undone_where_nothing_of_it_is_left(operation: Operation) -> None:
    patch = Patch("", (operation,))
    before = policy_of(ADAPTIVE, AT)
    after = policy_of(apply(ADAPTIVE, patch, AT), AT)
    assert is_undone(before, patch)
    assert not is_undone(after, patch)
    assert not is_undone(after, Patch("", (operation, SetRate("gone", 1.0, 5))))
