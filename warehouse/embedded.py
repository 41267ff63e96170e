"""The embedded ClickHouse engine: the only file that imports chdb.

A process that forks after `import chdb` hangs, so whoever imports this module must not fork.
One process per data directory, one engine per process. Each request gets a connection of its own
(0.25 ms), so no setting, temporary table or current database can leak from one to the next.
"""

import re
import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import msgspec

try:
    from chdb._chdb import connect  # type: ignore[attr-defined]  # compiled, without stubs
except ImportError:  # an optional extra: main tells how to install it
    connect = None

from warehouse.admission import SYNTAX, Classified, Denied
from warehouse.statement import identifier, quoted

IS_INSTALLED = connect is not None
# The setting that every request carries: a running query is found and killed by it (the engine
# takes no query id from us, and knows no custom settings).
MARK = "log_comment"
_READER_SECONDS = 60  # a dashboard has given up by then
_CODE = re.compile(r"Code: (\d+)\.")
# What the engine itself allows. No SOURCES (files, addresses, other databases), no user administration,
# no functions, dictionaries or backups, and only the table engines that keep their rows in the directory.
_GRANTS = """
CHECK, SHOW, SELECT, INSERT, ALTER, TRUNCATE, OPTIMIZE, KILL QUERY, MOVE PARTITION BETWEEN SHARDS,
CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE, DROP DATABASE, DROP TABLE, DROP VIEW,
UNDROP TABLE, SYSTEM JEMALLOC, SYSTEM FLUSH, SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM DROP CACHE
"""
_ENGINES = (
    "MergeTree",
    "AggregatingMergeTree",
    "SummingMergeTree",
    "ReplacingMergeTree",
    "Memory",
    "Null",
    "View",
    "MaterializedView",
)


class Bounds(msgspec.Struct, frozen=True):
    """Bounds of the engine in bytes and threads: per query, and over all."""

    query_memory_bytes: int = 1_500_000_000
    total_memory_bytes: int = 3_000_000_000
    query_threads: int = 2
    background_threads: int = 2
    mark_cache_bytes: int = 64 << 20


class EngineFailed(Exception):
    """The engine refused or failed; `code` is ClickHouse's, 0 where it told none."""

    def __init__(self, message: str) -> None:
        start = message.find("Code: ")
        super().__init__(message[start:] if start > 0 else message)
        found = _CODE.search(message)
        self.code = int(found.group(1)) if found else 0


class Written(msgspec.Struct, frozen=True):
    """What an INSERT wrote; rows count those of the views, and de-duplicated ones too."""

    rows: int
    size_bytes: int


class Chunk(msgspec.Struct, frozen=True):
    """A part of a result."""

    body: bytes
    rows: int
    rows_read: int
    bytes_read: int


class Connection:
    """One connection to the engine, used by one thread at a time; errors are EngineFailed."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def close(self) -> None:
        self._raw.close()

    def use(self, database: str) -> None:
        self.query(f"USE {identifier(database)}", "Null")

    def apply(self, settings: Mapping[str, str]) -> None:
        """SET; an unknown setting or a value out of its bounds raises."""
        if settings:
            assignments = ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items())
            self.query(f"SET {assignments}", "Null")

    def restrict(self) -> None:
        """Makes this connection read-only for good: settings may change, data may not."""
        self.query(f"SET max_execution_time = {_READER_SECONDS}, readonly = 2", "Null")

    def classify(self, sql: str) -> Classified:
        """The engine's own parse: what the statement would do."""
        found = self._raw.classify_query(sql)
        return Classified(kind=found["query_class"].name, statements=found["statement_count"])

    def canonical(self, sql: str) -> str:
        """The engine's spelling of the statement: no comments, no needless quotes, no escapes."""
        try:
            chunk = self.query("SELECT formatQuery({sql:String})", "RawBLOB", {"sql": _escaped(sql)})
        except EngineFailed as failure:
            raise Denied(SYNTAX, f"The statement cannot be checked: {failure} (SYNTAX_ERROR)") from failure
        return chunk.body.decode("utf-8", "replace")

    def query(self, sql: str, output_format: str, parameters: Mapping[str, str] | None = None) -> Chunk:
        """The whole result at once."""
        try:
            result = self._raw.query(sql, output_format, params=dict(parameters or {}))
        except RuntimeError as problem:
            raise EngineFailed(str(problem)) from None
        return _to_chunk(result)

    def stream(self, sql: str, output_format: str, parameters: Mapping[str, str]) -> Generator[Chunk]:
        """The result block by block (64 Ki rows); closing the iterator cancels the query.

        chdb's own reader stops at the first block without rows and drops its bytes (a header, a total).
        """
        try:
            handle = self._raw.send_query(sql, output_format, params=dict(parameters))
        except RuntimeError as problem:
            raise EngineFailed(str(problem)) from None
        return self._blocks(handle)

    def _blocks(self, handle: Any) -> Generator[Chunk]:
        done = False
        try:
            while not done:
                result = self._raw.streaming_fetch_result(handle)
                chunk = _to_chunk(result)
                done = chunk.rows == 0
                if chunk.body or done:
                    yield chunk
        except RuntimeError as problem:
            done = True
            raise EngineFailed(str(problem)) from None
        finally:
            if not done:
                self._raw.streaming_cancel_query(handle)

    def insert(self, head: str, input_format: str, body: bytes) -> Written:
        """`head` is the INSERT up to its FORMAT clause; `body` is in that format."""
        try:
            inserter = self._raw.send_insert(head, input_format)
            try:
                self._raw.insert_append(inserter, body)
                result = self._raw.insert_done(inserter)
            except RuntimeError:
                self._abandon(inserter)
                raise
        except RuntimeError as problem:
            raise EngineFailed(str(problem)) from None
        return Written(result.rows_written(), result.bytes_written())

    def _abandon(self, inserter: Any) -> None:
        try:
            self._raw.insert_cancel(inserter)
        except RuntimeError:  # already ended by the failure itself
            return


class Engine:
    """The engine of one data directory."""

    def __init__(self, directory: Path, bounds: Bounds) -> None:
        """Opens the directory, creating it where needed. Raises EngineFailed, OSError."""
        path = directory.resolve()
        if {"?", "&"} & set(str(path)):
            raise EngineFailed(f"the data directory's path may not hold ? or &: {path}")
        path.mkdir(parents=True, exist_ok=True, mode=0o700)  # client addresses are in its files
        configuration = _write_configuration(path, bounds)
        self._path = str(path)
        try:
            self._root = Connection(connect(f"{path}?config-file={configuration}"))
        except RuntimeError as problem:
            raise EngineFailed(str(problem)) from None
        self._root_lock = threading.Lock()
        self._make_default_last()

    def _make_default_last(self) -> None:
        """chdb lays files over a `default` that forgets its tables at the end, unless it is on disk."""
        if not (Path(self._path) / "metadata" / "default.sql").exists():
            self.administer("DETACH DATABASE IF EXISTS default")
            self.administer("CREATE DATABASE default ENGINE = Atomic")

    def connection(self) -> Connection:
        """A new connection with the profile's settings and nothing else."""
        return Connection(connect(self._path))

    def administer(self, sql: str) -> bytes:
        """Runs a statement of the server itself (kill, purge, drop of a day); TabSeparated."""
        with self._root_lock:
            return self._root.query(sql, "TabSeparated").body

    def kill(self, mark: str) -> None:
        """Stops the query that carries this mark, if it still runs."""
        self.administer(f"KILL QUERY WHERE Settings[{quoted(MARK)}] = {quoted(mark)} ASYNC")

    def close(self) -> None:
        with self._root_lock:
            self._root.close()


def _to_chunk(result: Any) -> Chunk:
    if result is None:
        return Chunk(b"", 0, 0, 0)
    return Chunk(
        body=result.bytes() or b"",
        rows=result.rows_read(),
        rows_read=result.storage_rows_read(),
        bytes_read=result.storage_bytes_read(),
    )


def _escaped(text: str) -> str:
    """Query parameters are read in the escaping of TabSeparated."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _write_configuration(path: Path, bounds: Bounds) -> Path:
    """The server's and the user's part; both lie in the data directory and are rewritten at each start."""
    folder = path / "configuration"
    folder.mkdir(parents=True, exist_ok=True)
    server, users = folder / "server.xml", folder / "users.xml"
    server.write_text(
        "<clickhouse><timezone>UTC</timezone>"
        f"<max_server_memory_usage>{bounds.total_memory_bytes}</max_server_memory_usage>"
        f"<background_pool_size>{bounds.background_threads}</background_pool_size>"
        f"<mark_cache_size>{bounds.mark_cache_bytes}</mark_cache_size>"
        f"<users_config>{escape(str(users))}</users_config>"
        f"<user_directories><users_xml><path>{escape(str(users))}</path></users_xml></user_directories>"
        "</clickhouse>\n"
    )
    engines = ", ".join(f"TABLE ENGINE ON {engine}" for engine in _ENGINES)
    grants = f"<query>GRANT {_GRANTS.strip()} ON *.*</query><query>GRANT {engines}</query>"
    memory, threads = bounds.query_memory_bytes, bounds.query_threads
    users.write_text(
        f"<clickhouse><profiles><default><max_memory_usage>{memory}</max_memory_usage>"
        f"<max_threads>{threads}</max_threads><implicit_select>0</implicit_select>"
        # a retried batch must also reach the views that a crash kept it from
        "<deduplicate_blocks_in_dependent_materialized_views>1"
        "</deduplicate_blocks_in_dependent_materialized_views><constraints>"
        f"<max_memory_usage><min>1</min><max>{memory}</max></max_memory_usage></constraints>"
        "</default></profiles><quotas><default/></quotas>"
        "<users><default><password></password><networks><ip>::/0</ip></networks>"
        f"<profile>default</profile><quota>default</quota><grants>{grants}</grants></default></users>"
        "</clickhouse>\n"
    )
    return server
