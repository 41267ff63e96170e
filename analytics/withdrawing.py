"""When an open proposal is taken back: it is of no use, over, in the policy, or somebody vouches. Pure."""

from typing import Final

from analytics.denials import AFTERWARDS_S
from analytics.drafts import is_there
from analytics.labels import Vouched
from kernel.allow_list import AllowList
from kernel.patch import AddAccess, AddLimit
from kernel.policy import AccessRule, Limit, Policy
from kernel.recommendations import Recommendation

USELESS: Final = "No value of this limit refuses a useful share of the attack without refusing others."


def why_withdrawn(proposed: Recommendation, policy: Policy, *, now: float, wanted_at: float) -> str:
    """In a sentence, or empty. `wanted_at`: when it was proposed last."""
    rules = rules_in(proposed)
    routes = {route.name for route in policy.routes}
    gone = sorted({route for rule in rules for route in rule.routes} - routes)
    if gone:
        return f"Route {gone[0]} is not in the policy any more."
    if rules and all(is_there(rule, policy, now) for rule in rules):
        return "The policy covers it."
    allowed = AllowList(policy.allow_list)
    if proposed.finding and proposed.evidence.who and all(who in allowed for who in proposed.evidence.who):
        return "Whom it is about is on the allow-list."
    if now - wanted_at >= AFTERWARDS_S:
        return f"What it is about is over: nothing more was seen of it for {AFTERWARDS_S / 60:.0f} minutes."
    return ""


def why_vouched(proposed: Recommendation, vouched: Vouched) -> str:
    """In a sentence, or empty: what operators call legitimate is nothing to act against."""
    if proposed.finding in vouched.findings:
        return "An operator calls its finding legitimate."
    who = proposed.evidence.who
    if proposed.finding and who and vouched.identities.issuperset(who):
        return "An operator calls whom it is about legitimate."
    return ""


def rules_in(proposed: Recommendation) -> list[Limit | AccessRule]:
    """The rules that its patch adds."""
    return [
        each.limit if isinstance(each, AddLimit) else each.access
        for each in proposed.patch.operations
        if isinstance(each, AddLimit | AddAccess)
    ]
