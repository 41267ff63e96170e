"""Words and lines for people."""

import doctest

from console import wording
from console.wording import aligned, counted, measured, shared_value
from kernel.recommendations import Attribute


def test_a_noun_agrees_with_its_number() -> None:
    assert [counted(number, "finding") for number in (0, 1, 2, 1_000)] == [
        "0 findings",
        "1 finding",
        "2 findings",
        "1,000 findings",
    ]


def test_columns_are_as_wide_as_their_widest_cell_and_nothing_is_cut() -> None:
    identity = "ip:2001:db8:ffff:ffff::/64" * 8
    assert aligned([("identity", "limit"), (identity, "fair")]) == [
        "identity".ljust(len(identity)) + "  limit",
        f"{identity}  fair",
    ]


def test_no_rows_are_no_lines() -> None:
    assert aligned([]) == []


def test_a_unit_that_is_a_noun_agrees_with_its_number() -> None:
    units = ("paths", "addresses", "ms", "%", "")
    assert [measured(1.0, unit) for unit in units] == ["1 path", "1 address", "1 ms", "1 %", "1"]
    assert measured(0.0, "paths") == "0 paths"


def test_what_is_empty_is_said_in_a_word() -> None:
    values = [Attribute(name, value, 1.0, 0.0, 1.0) for name, value in (("path", ""), ("user_agent", ""))]
    assert [shared_value(each) for each in values] == ["no route", "none"]
    assert shared_value(Attribute("path", "/a", 1.0, 0.0, 1.0)) == "/a"


def test_the_examples_hold() -> None:
    assert doctest.testmod(wording).failed == 0
