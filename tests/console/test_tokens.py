"""Bearer tokens and their roles."""

import pytest

from console.tokens import EVERY_ROLE, Role, Token, Tokens

TOKENS = Tokens([Token("one", frozenset({Role.PROXY})), Token("two"), Token("")])


@pytest.mark.parametrize(
    ("authorization", "roles"),
    [
        ("Bearer one", frozenset({Role.PROXY})),
        ("bearer two", EVERY_ROLE),
        ("BEARER  two ", EVERY_ROLE),
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
