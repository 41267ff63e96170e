"""The store's migrations."""

from console.schema import MIGRATIONS
from tests.console.stored import connection


def test_every_migration_applies_and_every_table_is_strict() -> None:
    rows = connection().execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()
    own = {name: strict for name, strict in rows if not name.startswith("sqlite_")}
    assert len(MIGRATIONS) == 5
    assert {
        "overlays",
        "revisions",
        "proposals",
        "approvals",
        "jobs",
        "audit",
        "tokens",
        "revoked_keys",
    } <= set(own)
    assert all(own.values())
