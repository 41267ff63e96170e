import msgspec
import pytest

from analytics.denials import AFTERWARDS_S
from analytics.labels import Vouched
from analytics.proposals import propose
from analytics.withdrawing import why_vouched, why_withdrawn
from kernel.policy import AccessRule, Limit, Policy
from tests.analytics.grounded import GREEDY, SCANNER, grounds
from tests.analytics.policies import PER_CLIENT, policy
from tests.analytics.proposing import NOW

(LIMIT,) = propose(grounds(GREEDY))
(DENIAL,) = propose(grounds(SCANNER))
NAMED = Limit(name="limit-clients-products", rate=9.0, burst=9, routes=("products",))
DENIED = AccessRule(name="deny-scanner-203.0.113.66", action="deny", networks=("203.0.113.66",))
RENAMED = msgspec.structs.replace(
    policy(), routes=(policy().routes[0], msgspec.structs.replace(policy().routes[1], name="goods"))
)


def why(proposed: object, by: Policy, *, age_s: float = 0.0) -> str:
    assert proposed in (LIMIT, DENIAL)
    which = LIMIT if proposed == LIMIT else DENIAL
    accused = msgspec.structs.replace(which.evidence, who=("ip:203.0.113.66",))
    which = msgspec.structs.replace(which, evidence=accused)
    return why_withdrawn(which, by, now=NOW, wanted_at=NOW - age_s)


def test_what_is_proposed_still_stays() -> None:
    assert why(LIMIT, policy()) == ""
    assert why(DENIAL, policy(), age_s=AFTERWARDS_S - 1) == ""


@pytest.mark.parametrize(
    ("proposed", "by", "said"),
    [
        (LIMIT, policy(PER_CLIENT, NAMED), "The policy covers it."),
        (DENIAL, msgspec.structs.replace(policy(), access=(DENIED,)), "The policy covers it."),
        (DENIAL, policy(allow_list=("203.0.113.0/24",)), "Whom it is about is on the allow-list."),
        (LIMIT, RENAMED, "Route products is not in the policy any more."),
    ],
)
def test_what_the_policy_answers_is_taken_back_at_once(proposed: object, by: Policy, said: str) -> None:
    assert why(proposed, by) == said


def test_what_was_not_seen_for_half_an_hour_is_over() -> None:
    assert why(LIMIT, policy(), age_s=AFTERWARDS_S).endswith("nothing more was seen of it for 30 minutes.")


def test_what_operators_call_legitimate_is_taken_back() -> None:
    assert why_vouched(LIMIT, Vouched()) == ""
    assert (
        why_vouched(LIMIT, Vouched(frozenset({LIMIT.finding}))) == "An operator calls its finding legitimate."
    )
    others = Vouched(identities=frozenset({"ip:203.0.113.1"}))
    assert why_vouched(LIMIT, others) == ""
    about = Vouched(identities=frozenset(LIMIT.evidence.who))
    assert why_vouched(LIMIT, about) == "An operator calls whom it is about legitimate."
