"""Bearer tokens and what each may do. One token may have every role; comparing takes constant time."""

import enum
import hmac
from collections.abc import Iterable

import msgspec

SCHEME = "bearer"


class Role(enum.StrEnum):
    """Who asks."""

    PROXY = "proxy"  # follows
    ANALYTICS = "analytics"  # takes the lease, sets overlays
    OPERATOR = "operator"  # pauses, resumes, asks for the status


EVERY_ROLE = frozenset(Role)


class Token(msgspec.Struct, frozen=True):
    """A secret and the roles that it proves."""

    secret: str
    roles: frozenset[Role] = EVERY_ROLE


class Tokens:
    """The tokens that an endpoint accepts."""

    def __init__(self, tokens: Iterable[Token]) -> None:
        self._tokens = tuple((token.secret.encode(), token.roles) for token in tokens if token.secret)

    def roles_of(self, authorization: str) -> frozenset[Role] | None:
        """Roles of an Authorization field's value (RFC 6750); None where no token of ours is in it."""
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != SCHEME:
            return None
        given = secret.strip().encode()
        roles: frozenset[Role] | None = None
        for known, of in self._tokens:  # every one is compared: the time does not tell which
            if hmac.compare_digest(known, given):
                roles = of
        return roles
