"""Calls of the control API about the policy: read, check, write, roll back, history.

A write names the revision that it was made for by If-Match; 412 tells which one is in force instead.
"""

from typing import Annotated

from fastapi import Path, Request, Response

from console.answers import body_of, expected_of, to_json
from console.calls import READERS, Call, author_of
from console.state import ControlState
from console.tokens import Role
from kernel.control import (
    Checked,
    CheckPolicy,
    PolicyInForce,
    PutPolicy,
    Revision,
    RevisionInFull,
    Rollback,
)


class PolicyCalls:
    """One method for each call."""

    def __init__(self, state: ControlState) -> None:
        self._state = state

    async def get_policy(self) -> Response:
        """The policy in force."""
        policy = await self._state.policy()
        return to_json(policy, etag=policy.revision)

    async def put_policy(self, request: Request) -> Response:
        """Put a text in force."""
        expected = expected_of(request, self._state.revision)
        asked = await body_of(request, PutPolicy)
        policy = await self._state.apply_policy(
            asked.text, author=author_of(request), reason=asked.reason, expected=expected
        )
        return to_json(policy, etag=policy.revision)

    async def check_policy(self, request: Request) -> Response:
        """Whether a text would be taken, and its diff to the one in force."""
        asked = await body_of(request, CheckPolicy)
        return to_json(await self._state.check_policy(asked.text))

    async def post_rollback(self, request: Request) -> Response:
        """Put an earlier revision in force again."""
        expected = expected_of(request, self._state.revision)
        asked = await body_of(request, Rollback)
        policy = await self._state.rollback(
            asked.revision, author=author_of(request), reason=asked.reason, expected=expected
        )
        return to_json(policy, etag=policy.revision)

    async def get_revisions(self) -> Response:
        """Newest first."""
        return to_json(await self._state.revisions())

    async def get_revision(self, which: Annotated[str, Path(alias="revision")]) -> Response:
        """One with its text and the diff to its parent."""
        return to_json(await self._state.revision_of(which))


def policy_calls(state: ControlState) -> tuple[Call, ...]:
    """The calls and who may make them."""
    to = PolicyCalls(state)
    by = (Role.OPERATOR,)
    return (
        Call("GET", "/v1/policy", to.get_policy, READERS, PolicyInForce),
        Call("PUT", "/v1/policy", to.put_policy, by, PolicyInForce, PutPolicy, needs_revision=True),
        Call("POST", "/v1/policy/check", to.check_policy, (Role.VIEWER,), Checked, CheckPolicy),
        Call(
            "POST", "/v1/policy/rollback", to.post_rollback, by, PolicyInForce, Rollback, needs_revision=True
        ),
        Call("GET", "/v1/revisions", to.get_revisions, READERS, tuple[Revision, ...]),
        Call("GET", "/v1/revisions/{revision}", to.get_revision, READERS, RevisionInFull),
    )
