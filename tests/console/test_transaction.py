"""Transactions of the store."""

import pytest

from console.transaction import Transaction
from tests.console.stored import connection


def test_what_raises_changes_nothing_and_an_inner_one_is_part_of_the_outer() -> None:
    made = connection()

    def both() -> None:
        with Transaction(made):
            with Transaction(made):
                made.execute("INSERT INTO seeds VALUES ('default', 'r1')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        both()
    assert made.execute("SELECT count(*) FROM seeds").fetchone() == (0,)
    with Transaction(made):
        made.execute("INSERT INTO seeds VALUES ('default', 'r1')")
    assert made.execute("SELECT count(*) FROM seeds").fetchone() == (1,)
