"""What is counted of a chunk."""

from collections.abc import Set

import numpy as np

from analytics.courses import Told
from analytics.replay_rules import judged, rules_of
from analytics.replay_tallies import Frame, RuleTally, Tally
from kernel.decide import Reason
from kernel.replays import MOST_EXAMPLES, Split
from tests.analytics.replays import policy_text, snapshot_of

ACCESS = 'access: [{name: denial, action: deny, networks: ["10.0.0.0/8"]}]'
POLICY = snapshot_of(policy_text("{name: one, rate: 1/s, burst: 1}", more=ACCESS)).policy
NOBODY: frozenset[int] = frozenset()
NO = Told(Reason.QUOTA_EXCEEDED, "one", (), ("one",))


def frame(
    identities: list[int],
    *,
    attacks: Set[int] = NOBODY,
    ordinary: Set[int] = NOBODY,
    greedy: Set[int] = NOBODY,
    known: Set[int] | None = None,
    warm: int = 0,
) -> Frame:
    """One request a second of each identity; the first `warm` are not counted."""
    n = len(identities)
    times = np.arange(n, dtype=np.float64)
    numbers = np.array(identities)
    zeros, no = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    return Frame(
        times=times,
        ended=times,
        identities=numbers,
        attacks=np.isin(numbers, list(attacks)),
        ordinary=np.isin(numbers, list(ordinary)),
        greedy=np.isin(numbers, list(greedy)),
        counted=times >= warm,
        bounded=times >= max(warm, n / 2),
        known=~no if known is None else np.isin(numbers, list(known)),
        unrouted=no,
        refused_then=no,
        rule_then=zeros,
        is_then=~no,
        status=zeros + 200,
        method=zeros + 1,
    )


def flags(positions: list[int], n: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    found = np.zeros(n, dtype=np.bool_)
    found[positions] = True
    return found


def tally(rule: str = "one") -> RuleTally:
    return RuleTally(judged(rules_of(POLICY)[rule], POLICY), None)


def test_what_only_the_candidate_refuses_is_new_and_the_rest_is_freed() -> None:
    whole = Tally({"one": 1}, [])
    whole.compare(
        frame([0, 1, 2, 3], attacks={3}, warm=1),
        [(0, NO), (1, NO)],
        [(1, NO), (2, NO), (3, NO)],
        then=[(1, NO)],
    )
    assert whole.newly.legitimate.split() == whole.newly.attack.split() == Split(1, 1)
    assert whole.freed.together() == Split(0, 0)  # position 0 only warms
    assert whole.seen.together() == Split(3, 3)
    assert (whole.disagreement().compared, whole.disagreement().differing) == (3, 1)


def test_harm_is_bounded_on_the_later_half_over_whoever_met_the_rule() -> None:
    one, seen = tally(), frame([0, 1, 2, 3, 4, 5, 6, 6], attacks={6})
    every = flags(list(range(8)), 8)
    one.meet(seen, every, np.zeros(8, dtype=np.int64))
    one.refuse(seen, flags([0, 5, 6], 8), lambda at: "orders", [f"ip:{n}" for n in range(7)])
    harm = one.harm()
    assert (harm.bound.harmed, harm.bound.n) == (1, 2)
    assert (harm.legitimate, harm.attack) == (Split(2, 2), Split(1, 1))
    assert {(each.identity, each.method, each.is_attack) for each in harm.examples} == {
        ("ip:0", "GET", False),
        ("ip:5", "GET", False),
        ("ip:6", "GET", True),
    }


def test_examples_are_few_and_of_different_identities() -> None:
    one, seen = tally(), frame([each // 2 for each in range(40)])
    one.refuse(seen, flags(list(range(40)), 40), lambda at: "orders", [f"ip:{n}" for n in range(20)])
    shown = [each.identity for each in one.harm().examples]
    assert len(shown) == len(set(shown)) == MOST_EXAMPLES


def test_who_is_ordinary_besides_is_harmed_by_a_denial_and_held_by_a_limit() -> None:
    seen = frame([0, 1, 2, 3], attacks={1, 2}, ordinary={2})
    denied = Told(Reason.ACCESS_DENIED, "denial", (), ("denial",))
    whole = Tally({"one": 1, "denial": 2}, [tally(), tally("denial")])
    whole.compare(seen, [], [(1, denied), (2, denied)], then=[])
    assert (whole.newly.attack.split(), whole.newly.legitimate.split()) == (Split(1, 1), Split(1, 1))
    limited = Tally({"one": 1, "denial": 2}, [tally(), tally("denial")])
    limited.compare(seen, [], [(1, NO), (2, NO)], then=[])
    assert (limited.newly.attack.split(), limited.newly.legitimate.split()) == (Split(2, 2), Split(0, 0))
    assert [each.is_denial for each in whole.rules] == [False, True]


def test_newcomers_do_not_enlarge_n_but_their_harm_counts() -> None:
    one, seen = tally(), frame([0, 1, 2, 3, 0, 1, 8, 9], known={0, 1, 2, 3})
    one.meet(seen, flags(list(range(8)), 8), np.zeros(8, dtype=np.int64))
    assert (one.harm().bound.harmed, one.harm().bound.n) == (0, 2)
    one.refuse(seen, flags([6], 8), lambda at: "orders", [f"ip:{n}" for n in range(10)])
    assert (one.harm().bound.harmed, one.harm().bound.n) == (1, 3)
