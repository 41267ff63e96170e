"""What the state's refusals say."""

from console.facts import Objected, Stale


def test_a_refusal_says_everything_that_is_needed_to_try_again() -> None:
    assert "abc123" in str(Stale("abc123"))
    assert str(Objected(("one", "two"))) == "one; two"
