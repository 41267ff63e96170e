"""ClickHouse's HTTP protocol without I/O: what a request asks, and how an answer or an error looks."""

import json
from collections.abc import Iterable, Mapping

import msgspec

from warehouse.statement import Outline, outline

# Parameters of the transport; they are no settings of the engine.
TRANSPORT = frozenset(
    (
        *("query", "database", "default_format", "query_id", "role", "quota_key", "user", "password"),
        *("session_id", "session_timeout", "session_check", "compress", "decompress", "buffer_size"),
        *("wait_end_of_query", "client_protocol_version", "enable_http_compression"),
        *("http_zlib_compression_level", "send_progress_in_http_headers", "add_http_cors_header"),
        *("http_headers_progress_interval_ms", "cancel_http_readonly_queries_on_client_close"),
        "http_write_exception_in_output_format",
    )
)
# Formats whose blocks may be sent one after the other; the others have a frame around all rows.
_STREAMABLE = frozenset(
    (
        *("Native", "RowBinary", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "Null"),
        *("JSONEachRow", "JSONCompactEachRow", "JSONStringsEachRow"),
    )
)
_RESULT_VERBS = frozenset(
    ("SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN", "CHECK", "KILL")
)
# ClickHouse's own table of HTTP statuses, as far as its codes occur here.
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND = 400, 403, 404
_STATUS: dict[int, int] = {
    **dict.fromkeys((6, 26, 27, 36, 38, 41, 53, 62, 69, 70, 72, 115, 117, 130, 457, 452), _BAD_REQUEST),
    **dict.fromkeys((192, 193, 164, 291, 497, 516), _FORBIDDEN),
    **dict.fromkeys((16, 46, 47, 50, 56, 60, 81, 372), _NOT_FOUND),
    159: 408,
    307: 413,
    373: 409,
    202: 503,
}
BAD_ARGUMENTS, SESSION_NOT_FOUND, SESSION_IS_LOCKED, AUTHENTICATION_FAILED = 36, 372, 373, 516
TOO_MANY_BYTES, TOO_MANY_QUERIES, INTERNAL = 307, 202, 1000


class BadRequest(Exception):
    """The request itself is wrong; the message tells how."""


class External(msgspec.Struct, frozen=True):
    """A table that comes with the request: `CREATE TEMPORARY TABLE name (structure)`."""

    name: str
    structure: str
    format: str
    body: bytes


class Question(msgspec.Struct, frozen=True):
    """One request, parsed: the statement (or an INSERT's head with its data) and everything around it."""

    sql: bytes
    body: bytes
    outline: Outline
    database: str
    output_format: str
    query_id: str
    session_id: str
    session_timeout_s: int
    session_check: bool
    whole_answer: bool
    compressed: bool
    parameters: dict[str, str]
    settings: dict[str, str]
    externals: tuple[External, ...]

    @property
    def has_result(self) -> bool:
        return self.outline.verb in _RESULT_VERBS

    @property
    def is_streamable(self) -> bool:
        return (
            self.outline.verb in ("SELECT", "WITH", "FROM")
            and not self.whole_answer
            and self.output_format in _STREAMABLE
        )

    @property
    def is_insert(self) -> bool:
        return self.outline.head_end >= 0


def parse(
    query: Iterable[tuple[str, str]], body: bytes, files: Mapping[str, bytes], *, query_id: str
) -> Question:
    """Question from the parameters (of URL and form), the decoded body and the form's files.

    `query_id` names a request that names none itself. Raises BadRequest.
    """
    given = dict(query)
    externals = tuple(_external(name, content, given) for name, content in files.items())
    sql = given.get("query", "").encode("utf-8", "surrogateescape")
    if sql.strip():
        shape = outline(sql)
        if body and shape.head_end < 0:
            sql, body = sql + b"\n" + body, b""
            shape = outline(sql)
        elif shape.head_end >= 0:
            body = sql[shape.data_start :] + body
    else:
        shape = outline(body)
        sql, body = (
            (body, b"") if shape.head_end < 0 else (body[: shape.data_start], body[shape.data_start :])
        )
    return Question(
        sql=sql[: shape.head_end] if shape.head_end >= 0 else sql,
        body=body,
        outline=shape,
        database=given.get("database", ""),
        output_format=shape.format or given.get("default_format", "TabSeparated"),
        query_id=given.get("query_id") or query_id,
        session_id=given.get("session_id", ""),
        session_timeout_s=_whole(given, "session_timeout", 60),
        session_check=_flag(given, "session_check"),
        whole_answer=_flag(given, "wait_end_of_query"),
        compressed=_flag(given, "enable_http_compression"),
        parameters={name[6:]: value for name, value in given.items() if name.startswith("param_")},
        settings={
            name: value
            for name, value in given.items()
            if name not in TRANSPORT and not name.startswith("param_")
        },
        externals=externals,
    )


def _external(name: str, content: bytes, given: dict[str, str]) -> External:
    """Takes the table's own parameters out of `given`: what is left are settings."""
    structure = given.pop(f"{name}_structure", "")
    types = given.pop(f"{name}_types", "")
    if not structure and not types:
        raise BadRequest(f"external table {name!r} needs {name}_structure or {name}_types")
    if not structure:
        structure = ", ".join(f"_{index} {kind}" for index, kind in enumerate(types.split(","), start=1))
    return External(name, structure, given.pop(f"{name}_format", "TabSeparated"), content)


def _whole(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, "")
    if text and not text.isdecimal():
        raise BadRequest(f"{name} must be a whole number, not {text!r}")
    return int(text) if text else default


def _flag(given: Mapping[str, str], name: str) -> bool:
    return given.get(name, "0") not in ("0", "", "false")


def status_of(code: int) -> int:
    """HTTP status of a ClickHouse error code."""
    return _STATUS.get(code, 500)


def summary(*, read_rows: int = 0, read_bytes: int = 0, written_rows: int = 0, written_bytes: int = 0) -> str:
    """Value of X-ClickHouse-Summary; counts are strings as ClickHouse sends them."""
    counts = {
        "read_rows": read_rows,
        "read_bytes": read_bytes,
        "written_rows": written_rows,
        "written_bytes": written_bytes,
        "result_rows": 0,
        "result_bytes": 0,
    }
    return json.dumps({name: str(count) for name, count in counts.items()})


def late_exception(message: str, tag: str) -> bytes:
    """How ClickHouse tells of an error after the status line is gone (since 25.11)."""
    text = message.encode() + b"\n"
    mark = tag.encode()
    size = str(len(text)).encode()
    return b"\r\n__exception__\r\n" + mark + b"\r\n" + text + size + b" " + mark + b"\r\n__exception__\r\n"
