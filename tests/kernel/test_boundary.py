"""Where bugs end."""

import pytest

from kernel.boundary import contain


def test_a_bug_is_told_and_nothing_else_is_caught() -> None:
    told: list[Exception] = []
    assert contain(int, "7", told.append) == 7
    assert contain(int, "x", told.append) is None
    assert [type(bug) for bug in told] == [ValueError]
    with pytest.raises(KeyboardInterrupt):
        contain(interrupt, "", told.append)


def interrupt(_: str) -> None:
    raise KeyboardInterrupt
