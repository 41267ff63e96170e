"""Words and lines for people."""

from console.wording import aligned, counted


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
