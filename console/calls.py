"""A table of the control API's calls: who may make each, what it takes and answers; OpenAPI comes from it."""

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from console.answers import PROBLEM, Refused, Trouble
from console.tokens import Role, Tokens

REF = "#/components/schemas/{name}"
READERS = (Role.VIEWER, Role.ANALYTICS)
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": "The revision in force that the change was made for.",
}


class Call(msgspec.Struct, frozen=True):
    """One call. `roles`: any of them may make it; none: anybody."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    roles: tuple[Role, ...]
    answer: Any = None  # a type that msgspec knows; None: no body
    body: Any = None
    status: int = 200
    needs_revision: bool = False


def needs(tokens: Tokens, roles: tuple[Role, ...]) -> Callable[[Request], None]:
    """A dependency that lets any of `roles` through, and notes who called."""

    def check(request: Request) -> None:
        bearer = tokens.bearer_of(request.headers.get("authorization", ""))
        if bearer is None:
            what = "send `Authorization: Bearer` with the control token"
            raise Refused(401, "token missing or wrong", what)
        if bearer.roles.isdisjoint(roles):
            names = " or ".join(repr(role.value) for role in roles)
            raise Refused(403, "not for this token", f"this call is for the role {names}")
        request.state.author = bearer.name

    return check


def author_of(request: Request) -> str:
    """Who made the call, as `needs` noted it."""
    return str(request.state.author)


def add_calls(app: FastAPI, tokens: Tokens, calls: tuple[Call, ...]) -> None:
    """Serve the calls, and their description at /openapi.json."""
    types = [each for call in calls for each in (call.answer, call.body) if each is not None]
    schemas, components = msgspec.json.schema_components([*types, Trouble], ref_template=REF)
    by_type = dict(zip(map(repr, [*types, Trouble]), schemas, strict=True))
    trouble = {"description": "What went wrong", "content": {PROBLEM: {"schema": by_type[repr(Trouble)]}}}
    for call in calls:
        app.add_api_route(
            call.path,
            call.endpoint,
            methods=[call.method],
            dependencies=[Depends(needs(tokens, call.roles))] if call.roles else [],
            status_code=call.status,
            response_class=Response,
            responses={"default": trouble},
            openapi_extra=described(call, by_type),
        )
    app.add_api_route(
        "/openapi.json", description(app, components), dependencies=[Depends(needs(tokens, READERS))]
    )


def described(call: Call, by_type: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What OpenAPI says of a call beyond its path and query."""
    extra: dict[str, Any] = {"security": [{"bearer": []}] if call.roles else []}
    if call.answer is not None:
        content = {"application/json": {"schema": by_type[repr(call.answer)]}}
        extra["responses"] = {str(call.status): {"content": content}}
    if call.body is not None:
        content = {"application/json": {"schema": by_type[repr(call.body)]}}
        extra["requestBody"] = {"required": True, "content": content}
    if call.needs_revision:
        extra["parameters"] = [IF_MATCH]
    return extra


def description(app: FastAPI, components: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document, made when it is first asked for."""

    def openapi() -> dict[str, Any]:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        parts = document.setdefault("components", {})
        parts.setdefault("schemas", {}).update(components)
        parts["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        return document

    return openapi
