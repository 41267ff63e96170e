"""A transaction of the store's SQLite file."""

import sqlite3


class Transaction:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK when the block raises. One inside another is part of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._is_outermost = not connection.in_transaction

    def __enter__(self) -> None:
        if self._is_outermost:
            self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        if self._is_outermost:
            self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
