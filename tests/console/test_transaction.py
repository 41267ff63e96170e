"""Transactions of the store."""

import sqlite3
from pathlib import Path

import pytest

from console.store import Store
from console.transaction import Transaction
from tests.console.policies import Clock
from tests.console.stored import connection, full_disk


def test_what_raises_changes_nothing_and_an_inner_one_is_part_of_the_outer() -> None:
    made = connection()

    def both() -> None:
        with Transaction(made):
            with Transaction(made):
                made.execute("INSERT INTO seeds (tenant, revision) VALUES ('default', 'r1')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        both()
    assert made.execute("SELECT count(*) FROM seeds").fetchone() == (0,)
    with Transaction(made):
        made.execute("INSERT INTO seeds (tenant, revision) VALUES ('default', 'r1')")
    assert made.execute("SELECT count(*) FROM seeds").fetchone() == (1,)


def test_a_full_disk_is_told_as_such_and_leaves_no_transaction_open(tmp_path: Path) -> None:
    store = Store(tmp_path / "control.sqlite", Clock())
    with full_disk(store):
        for _ in range(2):
            with pytest.raises(sqlite3.OperationalError, match="full"), store.transaction():
                store.jobs._connection.execute("INSERT INTO leases VALUES (?, 'a', 0)", ("x" * 9_000,))
            assert not store._connection.in_transaction
    store.set_loop("default", paused=True, reason="free again")
    store.close()


def test_a_commit_that_fails_is_rolled_back(tmp_path: Path) -> None:
    made = sqlite3.connect(tmp_path / "x", isolation_level=None)
    made.executescript(
        "PRAGMA foreign_keys = ON; CREATE TABLE one (a PRIMARY KEY);"
        "CREATE TABLE two (a REFERENCES one DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError), Transaction(made):
        made.execute("INSERT INTO two VALUES (1)")
    assert not made.in_transaction
    made.close()
