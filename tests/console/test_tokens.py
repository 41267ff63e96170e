"""Bearer tokens and their roles."""

import pytest

from console.credentials import Issued
from console.tokens import ROLES_OF_TOKEN, Bearer, Role, Token, Tokens, digest_of
from kernel.control import KnownToken
from tests.console.policies import Clock

ADMIN = ROLES_OF_TOKEN["admin"]
TOKENS = Tokens(
    [Token("one", frozenset({Role.PROXY}), "p"), Token("two", ADMIN, "ops"), Token("", ADMIN, "nobody")]
)


@pytest.mark.parametrize(
    ("authorization", "roles"),
    [
        ("Bearer one", frozenset({Role.PROXY})),
        ("bearer two", ADMIN),
        ("BEARER  two ", ADMIN),
        ("Bearer three", None),
        ("Bearer ", None),
        ("Bearer", None),
        ("", None),
        ("Basic two", None),
        ("two", None),
        ("Bearer öne", None),
    ],
)
def test_a_token_proves_its_roles_and_an_empty_one_proves_nothing(
    authorization: str, roles: frozenset[Role] | None
) -> None:
    assert TOKENS.roles_of(authorization) == roles


def test_a_token_that_was_issued_proves_its_role_until_it_expires() -> None:
    clock = Clock(1_000.0)
    tokens = Tokens([], clock=clock)
    issued = Issued(KnownToken("t1", "ci", "operator", 900.0, 1_060.0), digest_of("three"))
    tokens.accept_issued(lambda: (issued,))
    assert tokens.bearer_of("Bearer three") == Bearer("ci", frozenset({Role.VIEWER, Role.OPERATOR}))
    clock.now = 1_060.0
    assert tokens.bearer_of("Bearer three") is None
