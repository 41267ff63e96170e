"""Reads the outline of a SQL statement: its first word, its output format, where an INSERT's data begins.

It skips what may hold any text (strings, quoted identifiers, comments, parentheses) and decides nothing
about rights: those rest on the engine's own parser, see warehouse.admission.
"""

import re

import msgspec

_TOKEN = re.compile(
    rb"""'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"   # quoted text
    |--[^\n]*|\#[ !][^\n]*|/\*.*?\*/                                     # comments
    |[A-Za-z_]\w*|[()\[\]{}]""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = (b"(", b"[", b"{"), (b")", b"]", b"}")


class Outline(msgspec.Struct, frozen=True):
    """`verb` in upper case; `format` of a FORMAT clause or empty; for an INSERT that carries data,
    `head_end` is the offset of FORMAT and `data_start` of its first byte, else both are -1."""

    verb: str
    format: str = ""
    head_end: int = -1
    data_start: int = -1


def outline(sql: bytes) -> Outline:
    """The outline of one statement. Costs a scan of its text, not of an INSERT's data."""
    verb, output_format, depth, pending = b"", b"", 0, -1
    for token in _TOKEN.finditer(sql):
        text = token.group()
        if text in _OPENING or text in _CLOSING:
            depth += 1 if text in _OPENING else -1
            continue
        if not (text[0:1].isalpha() or text[0:1] == b"_"):
            continue
        word = text.upper()
        if pending >= 0:
            output_format = text
            if verb == b"INSERT":
                return Outline("INSERT", text.decode(), pending, _data_start(sql, token.end()))
            pending = -1
        elif not verb:
            verb = word
        elif depth == 0 and word == b"FORMAT":
            pending = token.start()
        elif verb == b"INSERT" and depth == 0 and word in (b"SELECT", b"VALUES", b"WITH", b"FROM"):
            return Outline("INSERT")
    return Outline(verb.decode(), output_format.decode())


def _data_start(sql: bytes, position: int) -> int:
    """ClickHouse takes the data after one separator: blanks, then `;` or a line's end."""
    while position < len(sql) and sql[position : position + 1] in (b" ", b"\t"):
        position += 1
    if sql[position : position + 2] == b"\r\n":
        return position + 2
    if sql[position : position + 1] in (b"\n", b";"):
        return position + 1
    return position


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(text: str) -> str:
    """A quoted SQL identifier: any text is safe in it."""
    return "`" + text.replace("\\", "\\\\").replace("`", "\\`") + "`"
