"""Runs one question on the engine, in a worker thread: admission, settings, externals, result."""

import logging
from collections.abc import Generator, Iterator

import msgspec

from warehouse.admission import ACCESS_DENIED, Denied, check_canonical, check_class, check_setting, is_suspect
from warehouse.embedded import MARK, Chunk, Connection, Engine, EngineFailed
from warehouse.protocol import BadRequest, External, Question, summary
from warehouse.sessions import Sessions
from warehouse.statement import identifier, quoted
from warehouse.users import User

log = logging.getLogger("tidegate.warehouse")
# chdb lays files over the database `default`: a name that is no table there is looked up as a path,
# which the grants refuse. Where the statement calls nothing that reads files, the table is just unknown.
_FILE_GRANT = "READ ON FILE"
_UNKNOWN_TABLE = "Code: 60. DB::Exception: There is no such table in the database default. (UNKNOWN_TABLE)"
_CANCELLED = "Code: 394. DB::Exception: Query was cancelled. (QUERY_WAS_CANCELLED)"
_SESSION_STATEMENTS = ("SET", "USE")
_CURRENT = "SELECT name, value FROM system.settings WHERE has({names:Array(String)}, name)"


class Answer(msgspec.Struct):
    """`chunks` is the body; `summary` covers what was known before the first chunk was sent."""

    chunks: Iterator[bytes]
    format: str
    summary: str


class Execution:
    """One question from start to end. Every method runs in a worker thread, never two at once."""

    def __init__(
        self, engine: Engine, sessions: Sessions[Connection], question: Question, user: User
    ) -> None:
        self._engine = engine
        self._sessions = sessions
        self._question = question
        self._user = user
        self._connection: Connection | None = None
        self._restore: dict[str, str] = {}
        self._restore_database = ""
        self._is_cancelled = False
        self._temporary: list[str] = []
        self._blocks: Generator[Chunk] | None = None

    @property
    def is_cancellable(self) -> bool:
        """Reads only: an INSERT that a client gives up goes on, its retry carries the same token."""
        return self._question.has_result

    def cancel(self) -> None:
        """Asks a statement to end that may run, or still wait for its turn; call until it has ended."""
        self._is_cancelled = True
        self._engine.kill(self.mark)

    @property
    def is_insert(self) -> bool:
        """An INSERT with data of its own."""
        return self._question.is_insert

    @property
    def is_finished(self) -> bool:
        """True when the connection is back."""
        return self._connection is None

    @property
    def mark(self) -> str:
        """Value of the mark setting: the client's own comment, then the query id."""
        return f"{self._question.settings.get(MARK, '')}[{self._question.query_id}]"

    def start(self) -> Answer:
        """Runs the statement up to its first block. On an exception call `finish` as well."""
        if self._is_cancelled:
            raise EngineFailed(_CANCELLED)
        connection = self._connection = self._acquire()
        reads = self._admit(connection)
        try:
            return self._run(connection, reads=reads)
        except EngineFailed as failure:
            if (
                failure.code == ACCESS_DENIED
                and _FILE_GRANT in str(failure)
                and not is_suspect(self._question.sql)
            ):
                raise EngineFailed(_UNKNOWN_TABLE) from failure
            raise

    def _run(self, connection: Connection, *, reads: bool) -> Answer:
        self._prepare(connection)
        question = self._question
        if question.is_insert:
            written = connection.insert(question.sql.decode(), question.outline.format, question.body)
            told = summary(written_rows=written.rows, written_bytes=written.size_bytes)
            return Answer(iter(()), "", told)
        sql = question.sql.decode("utf-8", "surrogateescape")
        if question.is_streamable and reads:
            self._blocks = connection.stream(sql, question.output_format, question.parameters)
            return self._streamed(self._blocks)
        chunk = connection.query(sql, question.output_format, question.parameters)
        return self._answer(chunk, iter((chunk.body,)))

    def finish(self) -> None:
        """Gives the connection back as it was, or closes it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._blocks is not None:
            self._blocks.close()
        if not self._question.session_id:
            connection.close()
            return
        try:
            self._put_back(connection)
        except EngineFailed as failure:  # its state is unknown: better no session than a wrong one
            log.warning("session %s ends: %s", self._question.session_id, failure)
            self._sessions.discard(self._session_key)
            return
        self._sessions.release(self._session_key, self._question.session_timeout_s)

    def _put_back(self, connection: Connection) -> None:
        for name in self._temporary:
            connection.query(f"DROP TEMPORARY TABLE IF EXISTS {identifier(name)}", "Null")
        connection.apply(self._restore)
        if self._restore_database:
            connection.use(self._restore_database)

    @property
    def _session_key(self) -> tuple[str, str]:
        return self._user.name, self._question.session_id

    def _acquire(self) -> Connection:
        if not self._question.session_id:
            return self._open()
        return self._sessions.acquire(self._session_key, self._open, must_exist=self._question.session_check)

    def _open(self) -> Connection:
        connection = self._engine.connection()
        if self._user.read_only:
            connection.restrict()
        return connection

    def _admit(self, connection: Connection) -> bool:
        """True for a statement that only reads; raises Denied."""
        question = self._question
        for name, value in question.settings.items():
            check_setting(name, value)
        text = question.sql + (b" FORMAT " + question.outline.format.encode() if question.is_insert else b"")
        sql = text.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
        classified = connection.classify(sql)
        check_class(text, classified, read_only=self._user.read_only)
        if is_suspect(text):
            check_canonical(connection.canonical(sql))
        return classified.kind == "READ_ONLY"

    def _prepare(self, connection: Connection) -> None:
        question = self._question
        settings = {**question.settings, MARK: self.mark}
        if question.session_id:
            if question.outline.verb in _SESSION_STATEMENTS:
                return  # it changes the session itself, which must not keep the request's settings
            self._remember(connection, tuple(settings), question.database)
        connection.apply(settings)
        if question.database:
            connection.use(question.database)
        for table in question.externals:
            self._load(connection, table)

    def _remember(self, connection: Connection, names: tuple[str, ...], database: str) -> None:
        wanted = "[" + ", ".join(quoted(name) for name in names) + "]"
        rows = connection.query(_CURRENT, "JSONCompactEachRow", {"names": wanted}).body.splitlines()
        self._restore = dict(msgspec.json.decode(row, type=tuple[str, str]) for row in rows)
        if database:
            self._restore_database = connection.query("SELECT currentDatabase()", "RawBLOB").body.decode()

    def _load(self, connection: Connection, table: External) -> None:
        if set(table.structure) & set(";"):
            raise BadRequest(f"external table {table.name!r}: the structure may not hold `;`")
        create = f"CREATE TEMPORARY TABLE {identifier(table.name)} ({table.structure}) ENGINE = Memory"
        found = connection.classify(create)
        if found.statements != 1 or is_suspect(table.structure.encode()):
            raise Denied(62, f"External table {table.name!r}: wrong structure. (SYNTAX_ERROR)")
        connection.query(create, "Null")
        self._temporary.append(table.name)
        if table.body:
            connection.insert(f"INSERT INTO {identifier(table.name)}", table.format, table.body)

    def _streamed(self, blocks: Iterator[Chunk]) -> Answer:
        """Fetches one block: errors before it get a proper status, empty results a whole answer."""
        first = next(blocks)
        return self._answer(first, self._bodies(first, blocks))

    def _bodies(self, first: Chunk, blocks: Iterator[Chunk]) -> Iterator[bytes]:
        yield first.body
        if first.rows:
            for chunk in blocks:
                if chunk.body:
                    yield chunk.body

    def _answer(self, chunk: Chunk, chunks: Iterator[bytes]) -> Answer:
        told = summary(read_rows=chunk.rows_read, read_bytes=chunk.bytes_read)
        return Answer(chunks, self._question.output_format if self._question.has_result else "", told)
