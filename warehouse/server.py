"""The embedded server: ClickHouse's HTTP protocol in front of one engine, as an ASGI application."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from warehouse.admission import Denied
from warehouse.compression import BodyTooLarge, Compressor, Undecodable, compressor, decompress, negotiate
from warehouse.embedded import Connection, Engine, EngineFailed
from warehouse.execution import Answer, Execution
from warehouse.handshake import answer as answer_handshake
from warehouse.handshake import is_handshake
from warehouse.protocol import (
    AUTHENTICATION_FAILED,
    BAD_ARGUMENTS,
    INTERNAL,
    SESSION_IS_LOCKED,
    SESSION_NOT_FOUND,
    TOO_MANY_BYTES,
    TOO_MANY_QUERIES,
    BadRequest,
    Question,
    late_exception,
    parse,
    status_of,
)
from warehouse.sessions import SessionLocked, Sessions, SessionUnknown, TooManySessions
from warehouse.users import Unauthenticated, User, Users

MAX_BODY_BYTES = 64 << 20  # as sent
MAX_DECODED_BYTES = 512 << 20  # after decompression
MAX_FORM_FILES = 32
_WORKERS = 16  # statements at once; the engine runs each on up to `query_threads`
_INSERT_WORKERS = 4  # of their own: telemetry does not wait behind sixteen slow questions
_KILL_EVERY_S = 0.25
_KILL_READS = "KILL QUERY WHERE query_kind != 'Insert' ASYNC"
_EXCEPTION_TAG = "tidegatelateerror"
# Failures that have no code of the engine's, with ClickHouse's code and name for them.
_NAMES: dict[type[Exception], tuple[int, str]] = {
    Unauthenticated: (AUTHENTICATION_FAILED, "AUTHENTICATION_FAILED"),
    BodyTooLarge: (TOO_MANY_BYTES, "TOO_MANY_BYTES"),
    BadRequest: (BAD_ARGUMENTS, "BAD_ARGUMENTS"),
    Undecodable: (BAD_ARGUMENTS, "BAD_ARGUMENTS"),
    SessionLocked: (SESSION_IS_LOCKED, "SESSION_IS_LOCKED"),
    SessionUnknown: (SESSION_NOT_FOUND, "SESSION_NOT_FOUND"),
    TooManySessions: (TOO_MANY_QUERIES, "TOO_MANY_SIMULTANEOUS_QUERIES"),
}
FAILURES: tuple[type[Exception], ...] = (EngineFailed, Denied, *_NAMES)
log = logging.getLogger("tidegate.warehouse")
T = TypeVar("T")


class Server:
    """ASGI application. `new_id` names requests that name none."""

    def __init__(
        self, engine: Engine, users: Users, sessions: Sessions[Connection], new_id: Callable[[], str]
    ) -> None:
        self._engine = engine
        self._users = users
        self._sessions = sessions
        self._new_id = new_id
        self._workers = ThreadPoolExecutor(_WORKERS, "statement")
        self._insert_workers = ThreadPoolExecutor(_INSERT_WORKERS, "insert")
        self._admin = ThreadPoolExecutor(1, "kill")  # a kill must not wait behind what it kills
        self._settling: set[asyncio.Task[None]] = set()
        self.crashes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"no {scope['type']} here")
        query_id = self._new_id()
        try:
            response = await self._respond(Request(scope, receive), receive, query_id)
        except ClientDisconnect:
            return
        except Exception as problem:  # the server's own catch-all: counted, logged, told to the client
            self.crashes += 1
            log.exception("request %s crashed; %d did since the start", query_id, self.crashes)
            response = _error(INTERNAL, f"{type(problem).__name__}: {problem}", query_id)
        await response(scope, receive, send)

    async def drain(self) -> None:
        """Ends what still reads, waits for what writes, ends the sessions."""
        await self.run(lambda: self._engine.administer(_KILL_READS), self._admin)
        if self._settling:
            await asyncio.wait(self._settling)
        await self.run(lambda: self._workers.shutdown(cancel_futures=True), self._admin)
        await self.run(self._insert_workers.shutdown, self._admin)
        self._sessions.close()

    async def run(self, work: Callable[[], T], pool: ThreadPoolExecutor | None = None) -> T:
        """Runs blocking work in a worker thread."""
        return await asyncio.get_running_loop().run_in_executor(pool or self._workers, work)

    async def _respond(self, request: Request, receive: Receive, query_id: str) -> Response:
        if request.url.path in ("/ping", "/replicas_status"):
            return PlainTextResponse("Ok.\n")
        if request.url.path != "/" or request.method not in ("GET", "POST", "HEAD"):
            return PlainTextResponse("There is no handle here; POST a statement to /.\n", 404)
        try:
            user = self._users.authenticate(request.headers, request.query_params)
            question = await self._question(request, query_id)
            query_id = question.query_id
            if not question.sql.strip():
                return PlainTextResponse("Ok.\n", headers=_headers(query_id))
            revision = request.query_params.get("client_protocol_version", "")
            if is_handshake(question.sql, question.output_format, revision):
                return await self._shaken(question, int(revision))
            return await self._answered(request, receive, question, user)
        except FAILURES as problem:
            return _failure(problem, query_id)

    async def _shaken(self, question: Question, client_revision: int) -> Response:
        """The answer to clickhouse-go's first question, which the engine cannot give at its revision."""
        version = await self.run(lambda: self._engine.administer("SELECT version()"), self._admin)
        headers = {**_headers(question.query_id), "X-ClickHouse-Format": "Native"}
        body = answer_handshake(version.decode().strip(), client_revision)
        return Response(body, 200, headers, _media_type("Native"))

    async def _question(self, request: Request, query_id: str) -> Question:
        parameters = list(request.query_params.multi_items())
        files: dict[str, bytes] = {}
        body = b""
        declared = request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"the body exceeds {MAX_BODY_BYTES} bytes")
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            files = await self._form(request, parameters)
        else:
            body = await _read(request)
        encoding = request.headers.get("content-encoding", "")
        if body and encoding:
            body = await self.run(
                lambda: decompress(body, encoding, limit=MAX_DECODED_BYTES), self._insert_workers
            )
        return parse(parameters, body, files, query_id=query_id)

    async def _form(self, request: Request, parameters: list[tuple[str, str]]) -> dict[str, bytes]:
        capped = Request(request.scope, _capped(request.receive))
        files: dict[str, bytes] = {}
        form = capped.form(max_files=MAX_FORM_FILES, max_part_size=MAX_BODY_BYTES)
        async with form as parts:
            for name, part in parts.multi_items():
                if isinstance(part, UploadFile):
                    files[name] = await part.read()
                else:
                    parameters.append((name, part))
        return files

    async def _answered(self, request: Request, receive: Receive, question: Question, user: User) -> Response:
        execution = Execution(self._engine, self._sessions, question, user)
        answer: Answer | None = None
        try:
            answer = await self._started(execution, receive)
        finally:
            if answer is None:  # whatever happened, the connection goes back
                await asyncio.shield(self.run(execution.finish, self._admin))
        return self._streaming(request, question, execution, answer)

    async def _started(self, execution: Execution, receive: Receive) -> Answer:
        """Starts the statement; a client that hangs up meanwhile stops a read."""
        running = asyncio.ensure_future(self.run(execution.start, self._pool(execution)))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((running, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not running.done() and execution.is_cancellable:
                await self._cancelled(execution, running)
            return await asyncio.shield(running)
        finally:
            leaving.cancel()
            # Where we are cancelled: no second thread may touch the connection before this one left.
            if not running.done():
                await self._cancelled(execution, running)

    async def _cancelled(self, execution: Execution, work: asyncio.Future[Any]) -> None:
        """Ends a statement for good: it may not have begun when the first kill comes."""
        while not work.done():
            if execution.is_cancellable:
                await self.run(execution.cancel, self._admin)
            await asyncio.wait((work,), timeout=_KILL_EVERY_S)

    def _pool(self, execution: Execution) -> ThreadPoolExecutor:
        return self._insert_workers if execution.is_insert else self._workers

    def _streaming(
        self, request: Request, question: Question, execution: Execution, answer: Answer
    ) -> Response:
        headers = _headers(question.query_id)
        headers["X-ClickHouse-Summary"] = answer.summary
        if answer.format:
            headers["X-ClickHouse-Format"] = answer.format
            headers["X-ClickHouse-Exception-Tag"] = _EXCEPTION_TAG
        encoding = negotiate(request.headers.get("accept-encoding", "")) if question.compressed else ""
        if encoding and answer.format:
            headers["Content-Encoding"] = encoding
        body = self._body(execution, answer, encoding if answer.format else "")
        return StreamingResponse(body, headers=headers, media_type=_media_type(answer.format))

    async def _body(self, execution: Execution, answer: Answer, encoding: str) -> AsyncIterator[bytes]:
        relay = _Relay(answer, compressor(encoding) if encoding else None)
        pool = self._pool(execution)
        pulling: asyncio.Future[bytes | None] | None = None
        try:
            while True:
                pulling = asyncio.ensure_future(self.run(relay.pull, pool))
                chunk = await asyncio.shield(pulling)
                if chunk is None:
                    break
                if chunk:
                    yield chunk
            # before the last byte: the client's next request may be of the same session
            await asyncio.shield(self.run(execution.finish, pool))
        finally:
            if not execution.is_finished:
                self._spawn(self._settle(execution, pulling))

    async def _settle(self, execution: Execution, pulling: asyncio.Future[bytes | None] | None) -> None:
        """After a client hung up: stops the statement, then gives its connection back."""
        if pulling is not None and not pulling.done():
            await self._cancelled(execution, pulling)
        await self.run(execution.finish, self._admin)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, name="settle")
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)


class _Relay:
    """Hands out an answer's chunks, compressed where asked; runs in worker threads, one call at a time."""

    def __init__(self, answer: Answer, squeeze: Compressor | None) -> None:
        self._chunks = answer.chunks
        self._squeeze = squeeze
        self._is_flushed = squeeze is None

    def pull(self) -> bytes | None:
        """The next chunk (maybe empty), None at the end. A late failure becomes the last chunk."""
        try:
            chunk = next(self._chunks, None)
        except EngineFailed as failure:
            self._chunks = iter(())
            chunk = late_exception(str(failure), _EXCEPTION_TAG)
        if self._squeeze is None:
            return chunk
        if chunk is not None:
            return self._squeeze.compress(chunk)
        if self._is_flushed:
            return None
        self._is_flushed = True
        return self._squeeze.flush()


async def _read(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge(f"the body exceeds {MAX_BODY_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _capped(receive: Receive) -> Receive:
    size = 0

    async def counted() -> Any:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge(f"the body exceeds {MAX_BODY_BYTES} bytes")
        return message

    return counted


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(query_id: str) -> dict[str, str]:
    safe = query_id.encode("ascii", "replace").decode().replace("\r", "?").replace("\n", "?")
    return {
        "X-ClickHouse-Query-Id": safe,
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Server-Display-Name": "tidegate",
    }


def _media_type(output_format: str) -> str:
    if output_format.startswith("JSON"):
        return "application/json; charset=UTF-8"
    if output_format.startswith(("TabSeparated", "TSV")):
        return "text/tab-separated-values; charset=UTF-8"
    return "application/octet-stream" if output_format else "text/plain; charset=UTF-8"


def _failure(problem: Exception, query_id: str) -> Response:
    """The answer to a request that failed in a known way."""
    code, name = _NAMES.get(type(problem), (0, ""))
    if isinstance(problem, EngineFailed | Denied):
        return _error(problem.code or INTERNAL, str(problem), query_id)
    return _error(code, f"Code: {code}. DB::Exception: {problem} ({name})", query_id)


def _error(code: int, message: str, query_id: str) -> Response:
    headers = {**_headers(query_id), "X-ClickHouse-Exception-Code": str(code)}
    return PlainTextResponse(message + "\n", status_of(code), headers)
