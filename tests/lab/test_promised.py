"""lab.promised: harm is counted of who met the rule, and compared with the bound that was promised."""

import math

import pytest

from kernel.replays import Bound
from lab.promised import Harm, Outcome, Returned, harm_of, returned_of
from lab.record import ATTACK_LABEL, LEGITIMATE, Label, Sent

PROMISED = Bound(harmed=0, n=299, upper=0.01)


def sent(at: float, status: int, identity: str, label: Label = LEGITIMATE, route: str = "login") -> Sent:
    return Sent(at, identity, label, route, status, 5.0)


def test_only_the_attackers_of_the_second_wave_return() -> None:
    requests = [
        sent(99.0, 401, "ip:x", ATTACK_LABEL),
        sent(101.0, 403, "ip:x", ATTACK_LABEL),
        sent(102.0, 401, "ip:y", ATTACK_LABEL),
        sent(102.0, 403, "ip:scanner", ATTACK_LABEL),
        sent(103.0, 403, "ip:x"),
    ]
    found = returned_of(requests, frozenset(("ip:x", "ip:y")), 100.0)
    assert (found, found.share) == (Returned(2, 1), 0.5)


def test_nobody_who_returns_is_no_share() -> None:
    assert Returned().share == 0.0


def test_harm_is_counted_over_legitimate_identities_on_the_route_since_then() -> None:
    requests = [
        sent(99.0, 403, "ip:before"),
        sent(101.0, 200, "ip:a"),
        sent(102.0, 403, "ip:a"),
        sent(102.0, 401, "ip:b"),
        sent(102.0, 429, "ip:c", route="products"),
        sent(102.0, 403, "ip:x", ATTACK_LABEL),
    ]
    assert harm_of(requests, "login", 100.0) == Harm(harmed=1, n=2)
    assert harm_of(requests, "", 100.0) == Harm(harmed=2, n=3)


@pytest.mark.parametrize(
    ("harmed", "n", "within"), [(0, 0, True), (0, 40, True), (1, 100, True), (1, 99, False)]
)
def test_harm_is_within_the_bound_up_to_its_upper_limit(harmed: int, n: int, within: bool) -> None:
    assert Harm(harmed, n).is_within(PROMISED) is within


def test_without_an_approval_nothing_was_promised() -> None:
    assert Outcome(math.inf, None, Returned(), None, Harm(0, 0)).promised is None
