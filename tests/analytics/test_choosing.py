import msgspec
import pytest

from analytics.choosing import PATIENCE_S, chosen, is_useless, limit_of, title_of
from analytics.proposals import propose
from kernel.patch import AddLimit, Patch, SetRate
from kernel.policy import Limit
from kernel.replays import Choice
from tests.analytics.grounded import GREEDY, STUFFED, grounds
from tests.analytics.replayed import replayed

(PROPOSED,) = propose(grounds(GREEDY))
(LOGINS,) = (each for each in propose(grounds(STUFFED)) if each.kind == "limit-logins")


def test_a_value_that_refuses_more_is_taken_up_with_its_reason() -> None:
    better = chosen(replayed(PROPOSED, Choice(2.0, 4, 0.9, 0.5, 0)))
    assert better is not None
    limit = limit_of(better)
    assert limit is not None
    assert (limit.rate, limit.burst, limit.name) == (2.0, 4, "limit-clients-products")
    assert (better.id, better.patch.base, better.replay) == (PROPOSED.id, PROPOSED.patch.base, None)
    assert better.title == "Limit each client to 2 requests/s on products"
    assert "refused 90% of the attack" in better.reason
    assert "refused 50%." in better.reason


def test_a_value_that_harms_nobody_is_taken_up_where_the_present_one_does() -> None:
    better = chosen(replayed(LOGINS, Choice(0.05, 6, 0.4, 0.7, 3)))
    assert better is not None
    assert better.title == "Limit each client to 6 logins at once on orders, 3/min"
    assert "70% and 3 others." in better.reason


@pytest.mark.parametrize(
    "choice",
    [
        None,
        Choice(2.0, 4, 0.55, 0.5, 0),  # hardly better
        Choice(2.0, 4, 0.1, 0.0, 0),  # of no use
    ],
)
def test_else_the_value_stays(choice: Choice | None) -> None:
    assert chosen(replayed(PROPOSED, choice)) is None
    assert chosen(PROPOSED) is None


def test_what_is_chosen_already_stays() -> None:
    limit = limit_of(PROPOSED)
    assert limit is not None
    assert chosen(replayed(PROPOSED, Choice(limit.rate, limit.burst, 0.9, 0.5, 0))) is None


def test_a_limit_that_no_value_makes_useful_is_noise_once_the_attack_has_tried() -> None:
    useless = Choice(2.0, 4, 0.1, 0.1, 0)
    assert is_useless(replayed(LOGINS, useless))
    assert not is_useless(replayed(LOGINS, useless, after_s=PATIENCE_S - 1))
    assert not is_useless(replayed(LOGINS, Choice(2.0, 4, 0.3, 0.1, 0)))
    assert not is_useless(replayed(LOGINS, None))
    assert is_useless(replayed(LOGINS, Choice(2.0, 4, 0.0, 0.6, 5)))  # as it is, it harms
    assert not is_useless(LOGINS)


def test_only_a_change_that_adds_one_limit_has_a_value_to_choose() -> None:
    limit = Limit(name="one", rate=12.0, burst=3)
    two = Patch("", (AddLimit(limit), AddLimit(msgspec.structs.replace(limit, name="two"))))
    other = Patch("", (SetRate("one", 2.0, 3),))
    for patch in (two, other):
        assert limit_of(msgspec.structs.replace(PROPOSED, patch=patch)) is None
    assert title_of("limit-client", limit) == "Limit each client to 12 requests/s on every route"
