"""An ASGI scope -> RequestHead, held to the same rules as bytes are where a scope still shows them."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from proxy.head import (
    MOST_FIELDS,
    MOST_HEAD_BYTES,
    RELAYED_METHODS,
    BadRequest,
    Hosts,
    Line,
    RequestHead,
    settle_fields,
    to_request_head,
)
from proxy.headers import Codes
from proxy.plain_head import Fields, read_lines

UNSAFE = re.compile(rb"[\r\n\0]").search
NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+").fullmatch
WITH_BODY = frozenset({b"POST", b"PUT", b"PATCH"})


def plain_scope(scope: Mapping[str, Any], fields: Fields, hosts: Hosts) -> RequestHead | None:
    """The head of an HTTP/1.1 scope that is plain, as `read_scope` reads it at twice the cost; else None."""
    lines = [name + b": " + value for name, value in scope["headers"]]
    target: bytes | None = scope.get("raw_path")
    if not target or scope["http_version"] != "1.1" or sum(map(len, lines)) > MOST_HEAD_BYTES:
        return None
    query: bytes = scope["query_string"]
    if query:
        target = b"%b?%b" % (target, query)
    head = read_lines(scope["method"].encode("latin-1", "replace"), target, lines, fields, hosts)
    # A name that holds `: ` would be read as a shorter one.
    if head is None or head.names != b"\n".join([name for name, _ in scope["headers"]]):
        return None
    return head


def read_scope(scope: Mapping[str, Any], codes: Codes, hosts: Hosts) -> RequestHead:
    """The head of an HTTP scope. Raises BadRequest.

    HTTP/2 and 3 need not declare a length: such a body is relayed chunked. `Expect` is the server's.
    """
    names: list[bytes] = []
    values: list[bytes] = []
    for name, value in scope["headers"]:
        names.append(name)
        values.append(value)
    check_fields(names, values)
    line = line_of(scope)
    fields, keep_alive = settle_fields(names, values, codes, is_current=line.keep_alive)
    head = to_request_head(msgspec.structs.replace(line, keep_alive=keep_alive), fields, names, hosts)
    framed_elsewhere = (
        line.version not in ("1.0", "1.1") and line.method in WITH_BODY and head.content_length < 0
    )
    if head.expects_continue or framed_elsewhere:
        head = msgspec.structs.replace(head, expects_continue=False, chunked=head.chunked or framed_elsewhere)
    return head


def check_fields(names: list[bytes], values: list[bytes]) -> None:
    """What no server should let through, and some do. Raises BadRequest."""
    if len(names) > MOST_FIELDS:
        raise BadRequest(431, "more than 100 fields")
    joined = b"".join(values)
    if UNSAFE(joined) is not None:
        raise BadRequest(400, "a CR, a LF or a NUL in a field")
    name = b"".join(names)
    if names and (b"" in names or NAME(name) is None):
        raise BadRequest(400, "not a field name")
    if len(joined) + len(name) > MOST_HEAD_BYTES:
        raise BadRequest(431, "the head is larger than 32 KB")


def line_of(scope: Mapping[str, Any]) -> Line:
    """The request line. Raises BadRequest."""
    method = scope["method"].encode("latin-1", "replace")
    if NAME(method) is None:
        raise BadRequest(400, "not a method")
    if method not in RELAYED_METHODS:
        raise BadRequest(501, f"{scope['method']} is not implemented")
    target: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope["query_string"]
    if query:
        target = b"%b?%b" % (target, query)
    if TARGET(target) is None:
        raise BadRequest(400, "not a request target")
    version: str = scope["http_version"]
    return Line(method, target, version, version != "1.0")
