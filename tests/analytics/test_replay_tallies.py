"""What is counted of a chunk."""

import numpy as np

from analytics.courses import Told
from analytics.replay_rules import judged, rules_of
from analytics.replay_tallies import Frame, RuleTally, Tally
from kernel.decide import Reason
from kernel.replays import MOST_EXAMPLES, Split
from tests.analytics.replays import policy_text, snapshot_of

POLICY = snapshot_of(policy_text("{name: one, rate: 1/s, burst: 1}")).policy
NO = Told(Reason.QUOTA_EXCEEDED, "one", (), ("one",))


def frame(identities: list[int], *, attacks: set[int] = frozenset(), warm: int = 0) -> Frame:  # type: ignore[assignment]  # empty
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
        counted=times >= warm,
        bounded=times >= max(warm, n / 2),
        refused_then=no,
        rule_then=zeros,
        is_base=~no,
        status=zeros + 200,
        method=zeros + 1,
    )


def flags(positions: list[int], n: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    found = np.zeros(n, dtype=np.bool_)
    found[positions] = True
    return found


def tally() -> RuleTally:
    return RuleTally(judged(rules_of(POLICY)["one"], POLICY), None)


def test_what_only_the_candidate_refuses_is_new_and_the_rest_is_freed() -> None:
    whole = Tally({"one": 1}, [])
    whole.compare(frame([0, 1, 2, 3], attacks={3}, warm=1), [(0, NO), (1, NO)], [(1, NO), (2, NO), (3, NO)])
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
