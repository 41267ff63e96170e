"""A transaction of the store's SQLite file."""

import sqlite3


class Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block raises. One inside another is part of it.

    A COMMIT that fails (a full disk, a lock) is rolled back, too: the connection is as before then.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._is_outermost = not connection.in_transaction

    def __enter__(self) -> None:
        if self._is_outermost:
            self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        if not self._is_outermost:
            return
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:  # a full disk has rolled back by itself already
                self._connection.execute("ROLLBACK")
