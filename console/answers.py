"""How the control API answers: JSON of structs, and problem documents (RFC 9457) for what went wrong."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from console.facts import Changed, NotHeld, NotOpen, Objected, Stale, Unknown, UnknownTenant
from console.failures import failure_of

LARGEST_BODY = 4 << 20
PROBLEM = "application/problem+json"

T = TypeVar("T")


class Trouble(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document. `revision`: the one in force, where another was expected."""

    title: str
    status: int
    detail: str
    reasons: tuple[str, ...] = ()
    revision: str = ""


class Refused(Exception):
    """The call is answered by a problem document."""

    def __init__(self, status: int, title: str, detail: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.trouble = Trouble(title, status, detail, reasons)


def to_json(value: object, *, etag: str = "", status: int = 200) -> Response:
    """A struct as JSON."""
    headers = {"ETag": f'"{etag}"'} if etag else {}
    return Response(msgspec.json.encode(value), status, media_type="application/json", headers=headers)


def to_problem(trouble: Trouble) -> Response:
    """A problem document as a response."""
    headers = {"WWW-Authenticate": "Bearer"} if trouble.status == 401 else {}
    if trouble.revision:
        headers["ETag"] = f'"{trouble.revision}"'
    return Response(msgspec.json.encode(trouble), trouble.status, media_type=PROBLEM, headers=headers)


async def body_of(request: Request, kind: type[T]) -> T:
    """The request's body as `kind`. Raises Refused with 413 or 422."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > LARGEST_BODY:
            raise Refused(413, "body too large", f"at most {LARGEST_BODY} bytes are read")
    try:
        return msgspec.json.decode(bytes(chunks), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Refused(422, "malformed body", str(problem)) from problem


def expected_of(request: Request, current: str) -> str:
    """The revision that If-Match (RFC 9110) names: the current one where it is among several, or `*`.

    Raises Refused with 428 where the field is missing: a write must say what it was made for.
    """
    field = request.headers.get("if-match", "")
    named = [each.strip().removeprefix("W/").strip('"') for each in field.split(",") if each.strip()]
    if not named:
        what = 'send `If-Match: "REVISION"`, the revision in force that the change was made for'
        raise Refused(428, "precondition required", what)
    return current if current in named or "*" in named else named[0]


def trouble_of(fact: Exception) -> Trouble:
    """What a fact that the state raised is to the caller."""
    match fact:
        case Refused():
            return fact.trouble
        case NotHeld():
            return Trouble("lease not held", 409, str(fact))
        case NotOpen():
            return Trouble("not open", 409, str(fact))
        case Changed():
            return Trouble("changed since it was reviewed", 409, str(fact))
        case Stale():
            return Trouble("stale revision", 412, str(fact), revision=fact.current)
        case Objected():
            return Trouble("not allowed", 422, str(fact), fact.reasons)
        case UnknownTenant():
            return Trouble("unknown tenant", 404, str(fact))
        case Unknown():
            return Trouble("unknown", 404, str(fact))
        case RequestValidationError():
            whats = tuple(f"{each['loc'][-1]}: {each['msg']}" for each in fact.errors())
            return Trouble("malformed query", 422, "; ".join(whats), whats)
        case _:
            return Trouble(*failure_of(fact))


KINDS: tuple[type[Exception], ...] = (
    *(Refused, Changed, NotHeld, NotOpen, Stale, Objected, UnknownTenant, Unknown),
    *(RequestValidationError, sqlite3.Error),
)


def add_error_handlers(app: FastAPI) -> None:
    """Facts that the state raises -> problem documents."""

    async def told(_: Request, fact: Exception) -> Response:
        return to_problem(trouble_of(fact))

    handler: Callable[[Request, Exception], object] = told
    for kind in KINDS:
        app.add_exception_handler(kind, handler)  # type: ignore[arg-type]  # starlette wants its union
