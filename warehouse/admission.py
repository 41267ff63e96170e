"""What a statement may do on the embedded server.

The law: the engine's grants refuse every source and sink outside the database (see
warehouse/embedded.py); what they do not cover is refused here, on the engine's own parse of the
statement and never on our reading of its text. A doubt is a refusal.
"""

import re

import msgspec

from warehouse.statement import outline

# Statements that the parser classes as control but that touch only the session or the database.
_CONTROL_VERBS = frozenset(
    {"SET", "USE", "KILL", "SYSTEM", "CREATE", "DROP", "TRUNCATE", "EXCHANGE", "RENAME"}
)
# Functions and clauses without a grant of their own that reach files or processes.
_SUSPECT = re.compile(rb"file|executable|python|\\", re.IGNORECASE)
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_REACHES_OUT = re.compile(
    r"\b(?:INFILE|OUTFILE)\b|[`\"]?\b(?:file|executable|executablePool|python)\b[`\"]?\s*\(", re.IGNORECASE
)
_SETTING_NAME = re.compile(r"[A-Za-z_]\w*")

ACCESS_DENIED, SYNTAX, UNKNOWN_SETTING, READONLY = 497, 62, 115, 164


class Denied(Exception):
    """The statement may not run; `code` is ClickHouse's error code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"Code: {code}. DB::Exception: {reason}")
        self.code = code


class Classified(msgspec.Struct, frozen=True):
    """The engine's judgement of a text: READ_ONLY, MUTATING, MUTATING_GLOBAL, CONTROL or UNKNOWN."""

    kind: str
    statements: int


def is_suspect(sql: bytes) -> bool:
    """True where the text needs `check_canonical` as well."""
    return _SUSPECT.search(sql) is not None


def check_class(sql: bytes, classified: Classified, *, read_only: bool) -> None:
    """Raises Denied for several statements, for writes of a reader and for reaching out of the database."""
    if classified.statements > 1:
        raise Denied(SYNTAX, "Multi-statements are not allowed. (SYNTAX_ERROR)")
    if classified.kind in ("READ_ONLY", "UNKNOWN"):
        return  # unknown: does not parse, and the engine says why better than we could
    verb = outline(sql).verb
    if read_only and not (classified.kind == "CONTROL" and verb in ("SET", "USE")):
        raise Denied(READONLY, "Cannot execute query in readonly mode. (READONLY)")
    if classified.kind == "MUTATING_GLOBAL" or (classified.kind == "CONTROL" and verb not in _CONTROL_VERBS):
        raise Denied(ACCESS_DENIED, "The embedded warehouse does not allow this statement. (ACCESS_DENIED)")


def check_canonical(canonical: str) -> None:
    """Raises Denied where the engine's own spelling of the statement reaches files or processes."""
    if _REACHES_OUT.search(_LITERAL.sub("''", canonical)):
        raise Denied(
            ACCESS_DENIED,
            "The embedded warehouse does not read or write files, addresses or processes. (ACCESS_DENIED)",
        )


def check_setting(name: str, value: str) -> None:
    """Raises Denied for a name that is no setting's and for a value that is an expression over files."""
    if not _SETTING_NAME.fullmatch(name):
        raise Denied(UNKNOWN_SETTING, f"Unknown setting '{name}'. (UNKNOWN_SETTING)")
    if _REACHES_OUT.search(value):
        raise Denied(ACCESS_DENIED, f"Setting {name} may not name files or processes. (ACCESS_DENIED)")
