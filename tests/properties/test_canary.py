"""The canary: sticky, growing, independent per rule, of the size that was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from kernel.hashing import in_canary

NAMES = st.text(min_size=1, max_size=30)
KEYS = st.binary(min_size=16, max_size=64)
SHARES = st.floats(0.0, 1.0)
PEOPLE = [f"ip:198.51.{number >> 8}.{number & 255}" for number in range(4_000)]


@given(NAMES, NAMES, KEYS, SHARES, SHARES)
def test_who_is_in_a_canary_stays_in_it_while_it_grows(
    rule: str, who: str, key: bytes, share: float, other: float
) -> None:
    small, large = sorted((share, other))
    assert in_canary(rule, who, large, key) or not in_canary(rule, who, small, key)


@given(NAMES, NAMES, KEYS, SHARES)
def test_the_same_identity_is_always_judged_the_same(rule: str, who: str, key: bytes, share: float) -> None:
    assert in_canary(rule, who, share, key) == in_canary(rule, who, share, key)


@given(NAMES, KEYS, st.floats(0.02, 0.98))
def test_the_realised_share_is_near_the_one_asked_for(rule: str, key: bytes, share: float) -> None:
    # Six standard deviations of a binomial: chance alone fails this once in 500 million runs.
    realised = sum(in_canary(rule, who, share, key) for who in PEOPLE) / len(PEOPLE)
    assert abs(realised - share) <= 6 * (share * (1 - share) / len(PEOPLE)) ** 0.5


@given(KEYS, st.sampled_from([("a", "b"), ("fair-share", "login"), ("x", "x ")]))
def test_the_groups_of_two_rules_are_independent(key: bytes, rules: tuple[str, str]) -> None:
    both = sum(all(in_canary(rule, who, 0.5, key) for rule in rules) for who in PEOPLE) / len(PEOPLE)
    assert abs(both - 0.25) <= 6 * (0.25 * 0.75 / len(PEOPLE)) ** 0.5


@given(KEYS, KEYS)
def test_nobody_who_lacks_the_key_can_tell_who_is_in_it(key: bytes, other: bytes) -> None:
    chosen = [in_canary("rule", who, 0.5, key) for who in PEOPLE[:200]]
    assert key == other or chosen != [in_canary("rule", who, 0.5, other) for who in PEOPLE[:200]]
