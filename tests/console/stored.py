"""A store in memory for tests of its tables."""

import sqlite3

from console.schema import MIGRATIONS


def connection() -> sqlite3.Connection:
    """An empty store with every table."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    for script in MIGRATIONS:
        made.executescript(script)
    return made
