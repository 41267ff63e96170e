"""Calls of the control API about labels, markers, the audit, tokens, API keys and the backup."""

from typing import Annotated

from fastapi import Path, Query, Request, Response

from console.answers import Refused, body_of, to_json
from console.audit import FIRST
from console.calls import READERS, Call, author_of
from console.failures import failure_of
from console.state import ControlState
from console.tokens import Role
from kernel.control import (
    AskToken,
    AuditEntry,
    BackupMade,
    KnownToken,
    Label,
    MadeToken,
    Marker,
    PutLabel,
    PutMarker,
    RevokedKey,
    RevokeKey,
)


class RecordCalls:
    """One method for each call."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    async def post_label(self, request: Request) -> Response:
        """Say whether a finding or an identity is an attack."""
        asked = await body_of(request, PutLabel)
        if bool(asked.finding) == bool(asked.identity):
            raise Refused(422, "malformed body", "name a finding or an identity, not both")
        return to_json(await self._state.put_label(asked, author=author_of(request)))

    async def get_labels(self) -> Response:
        """Newest first."""
        return to_json(await self._state.labels())

    async def post_marker(self, request: Request) -> Response:
        """Mark a moment."""
        asked = await body_of(request, PutMarker)
        return to_json(await self._state.add_marker(asked, author=author_of(request)))

    async def get_markers(self) -> Response:
        """Latest first."""
        return to_json(await self._state.markers())

    async def get_audit(self, before: Annotated[int, Query(ge=0, le=FIRST)] = FIRST) -> Response:
        """Who did what; newest first, those numbered below `before`."""
        return to_json(await self._state.audit(before))

    async def post_token(self, request: Request) -> Response:
        """Make a token; the answer alone has its secret."""
        asked = await body_of(request, AskToken)
        return to_json(await self._state.make_token(asked, author=author_of(request)), status=201)

    async def get_tokens(self) -> Response:
        """Every token without its secret."""
        return to_json(await self._state.tokens())

    async def delete_token(self, which: Annotated[str, Path(alias="id")], request: Request) -> Response:
        """It proves nothing from now on."""
        await self._state.delete_token(which, author=author_of(request))
        return Response(status_code=204)

    async def post_revoked_key(self, request: Request) -> Response:
        """Refuse an API key at every proxy."""
        asked = await body_of(request, RevokeKey)
        key = await self._state.revoke_key(asked.sha256, asked.reason, author=author_of(request))
        return to_json(key)

    async def get_revoked_keys(self) -> Response:
        """Newest first."""
        return to_json(await self._state.revoked_keys())

    async def post_backup(self, request: Request) -> Response:
        """Copy the store below the data directory."""
        try:
            return to_json(await self._state.back_up(author=author_of(request)))
        except OSError as failure:
            title, status, detail = failure_of(failure)
            raise Refused(status, title, f"no backup was made: {detail}") from failure


def record_calls(state: ControlState) -> tuple[Call, ...]:
    """The calls and who may make them."""
    to = RecordCalls(state)
    operator, admin = (Role.OPERATOR,), (Role.ADMIN,)
    return (
        Call("POST", "/v1/labels", to.post_label, operator, Label, PutLabel),
        Call("GET", "/v1/labels", to.get_labels, READERS, tuple[Label, ...]),
        Call("POST", "/v1/markers", to.post_marker, operator, Marker, PutMarker),
        Call("GET", "/v1/markers", to.get_markers, READERS, tuple[Marker, ...]),
        Call("GET", "/v1/audit", to.get_audit, (Role.VIEWER,), tuple[AuditEntry, ...]),
        Call("POST", "/v1/tokens", to.post_token, admin, MadeToken, AskToken, status=201),
        Call("GET", "/v1/tokens", to.get_tokens, admin, tuple[KnownToken, ...]),
        Call("DELETE", "/v1/tokens/{id}", to.delete_token, admin, status=204),
        Call("POST", "/v1/keys/revoke", to.post_revoked_key, operator, RevokedKey, RevokeKey),
        Call("GET", "/v1/keys/revoked", to.get_revoked_keys, READERS, tuple[RevokedKey, ...]),
        Call("POST", "/v1/backup", to.post_backup, admin, BackupMade),
    )
