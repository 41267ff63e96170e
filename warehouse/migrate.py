"""Migrations: numbered SQL files, applied once and in order, recorded with their checksum.

A merged migration is never edited: an applied one whose text changed is refused. Only what differs
between one machine and a cluster is templated: ENGINE, ON CLUSTER and the de-duplication window.
"""

import hashlib
import re
from importlib.resources import files
from string import Template

import msgspec
from clickhouse_connect.driver.client import Client

from warehouse.statement import identifier

_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
_HEADER = re.compile(r"-- blocking: (?P<blocking>yes|no)\n-- why: .+\n")
_END = re.compile(r";[ \t]*(?:\n|$)")
# Batches whose tokens are remembered: at 1 batch per second and worker, 2.7 hours of one worker.
_DEDUP_WINDOW = 10_000
_RECORDS = """CREATE TABLE IF NOT EXISTS migrations ${on_cluster}
(
    `name` String,
    `checksum` String,
    `applied_at` DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ${replicated}ReplacingMergeTree
ORDER BY name"""


class Migration(msgspec.Struct, frozen=True):
    """One numbered file; `checksum` is the SHA-256 of its text."""

    name: str
    text: str
    checksum: str
    blocking: bool


class Layout(msgspec.Struct, frozen=True):
    """Where the tables live: one machine (no cluster) or the cluster of that name."""

    cluster: str = ""

    def render(self, text: str) -> str:
        """The SQL for this layout."""
        single = f"non_replicated_deduplication_window = {_DEDUP_WINDOW}"
        # seconds: the spool holds up to a day, the replicated default of 3,600 s would forget its tokens
        replicated = (
            f"replicated_deduplication_window = {_DEDUP_WINDOW},"
            " replicated_deduplication_window_seconds = 172800"
        )
        return Template(text).substitute(
            on_cluster=f"ON CLUSTER {identifier(self.cluster)}" if self.cluster else "",
            replicated="Replicated" if self.cluster else "",
            dedup=replicated if self.cluster else single,
        )


class MigrationRefused(Exception):
    """A migration is malformed, was edited after it was applied, or is missing; tells which."""


def shipped() -> tuple[Migration, ...]:
    """The migrations of this version in order. Raises MigrationRefused for a malformed one."""
    folder = files("warehouse.migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(to_migration(name, folder.joinpath(name).read_text()) for name in names)


def to_migration(name: str, text: str) -> Migration:
    """Checks name and header. Raises MigrationRefused."""
    header = _HEADER.match(text)
    if not _NAME.fullmatch(name):
        raise MigrationRefused(f"migration {name!r} must be named NNNN_words.sql")
    if header is None:
        raise MigrationRefused(f"migration {name} must begin with `-- blocking: yes|no` and `-- why: …`")
    return Migration(name, text, hashlib.sha256(text.encode()).hexdigest(), header["blocking"] == "yes")


def statements(text: str) -> tuple[str, ...]:
    """The statements of a migration: each ends with `;` at the end of a line."""
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return tuple(part.strip() for part in _END.split(without_comments) if part.strip())


def migrate(
    client: Client, migrations: tuple[Migration, ...] | None = None, *, layout: Layout | None = None
) -> tuple[str, ...]:
    """Creates the client's database and applies what is missing; returns the names applied.

    Idempotent, and safe when several processes do it at once (every statement may run twice).
    Raises MigrationRefused before it changes anything, and clickhouse_connect's DatabaseError.
    """
    layout = layout or Layout()
    migrations = shipped() if migrations is None else migrations
    database = identifier(client.database or "default")
    on_cluster = layout.render("${on_cluster}")
    client.command(
        f"CREATE DATABASE IF NOT EXISTS {database} {on_cluster} ENGINE = Atomic", use_database=False
    )
    client.command(layout.render(_RECORDS))
    applied = _applied(client)
    _check(migrations, applied)
    pending = [migration for migration in migrations if migration.name not in applied]
    for migration in pending:
        for statement in statements(migration.text):
            client.command(layout.render(statement))
        client.insert("migrations", [[migration.name, migration.checksum]], ["name", "checksum"])
    return tuple(migration.name for migration in pending)


def _applied(client: Client) -> dict[str, str]:
    rows = client.query("SELECT name, checksum FROM migrations FINAL ORDER BY name").result_rows
    return {str(name): str(checksum) for name, checksum in rows}


def _check(migrations: tuple[Migration, ...], applied: dict[str, str]) -> None:
    known = {migration.name: migration.checksum for migration in migrations}
    for name, checksum in applied.items():
        if name not in known:
            raise MigrationRefused(f"the warehouse has migration {name}, which this version does not know")
        if known[name] != checksum:
            raise MigrationRefused(f"migration {name} was edited after it was applied: write a new one")
    newest = max(applied, default="")
    for migration in migrations:
        if migration.name < newest and migration.name not in applied:
            raise MigrationRefused(f"migration {migration.name} comes before {newest}, which is applied")
