"""Bearer tokens and what each may do. No part's token decides; comparing takes constant time."""

import enum
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable

import msgspec

from console.credentials import Issued

SCHEME = "bearer"
# What does things by itself, or with the tokens of the keyring, and is named as the author of what it did.
# The bearer of the operator's was called `keyring` in stores of before.
RESERVED_NAMES = frozenset({"file", "expiry", "policy", "analytics", "proxy", "admin", "keyring"})


class Role(enum.StrEnum):
    """Who asks."""

    PROXY = "proxy"  # follows
    ANALYTICS = "analytics"  # takes the lease, sets overlays, proposes, works on jobs
    VIEWER = "viewer"  # reads
    OPERATOR = "operator"  # decides: policy, recommendations, loop, labels, jobs; reads
    ADMIN = "admin"  # tokens, backup; decides and reads


ROLES_OF_TOKEN = {
    "proxy": frozenset({Role.PROXY}),
    "analytics": frozenset({Role.ANALYTICS}),
    "viewer": frozenset({Role.VIEWER}),
    "operator": frozenset({Role.VIEWER, Role.OPERATOR}),
    "admin": frozenset({Role.VIEWER, Role.OPERATOR, Role.ADMIN}),
}


class Token(msgspec.Struct, frozen=True):
    """A secret and the roles that it proves; `name` is whom revisions and the audit call its bearer."""

    secret: str
    roles: frozenset[Role]
    name: str


class Bearer(msgspec.Struct, frozen=True):
    """Who sent a call."""

    name: str
    roles: frozenset[Role]


def none_issued() -> tuple[Issued, ...]:
    """Nobody made a token."""
    return ()


class Tokens:
    """The tokens that an endpoint accepts: those of the start, and those that were issued since."""

    def __init__(self, tokens: Iterable[Token], *, clock: Callable[[], float] = time.time) -> None:
        self._tokens = tuple(
            (digest_of(token.secret), Bearer(token.name, token.roles)) for token in tokens if token.secret
        )
        self._clock = clock
        self._issued: Callable[[], tuple[Issued, ...]] = none_issued

    def accept_issued(self, issued: Callable[[], tuple[Issued, ...]]) -> None:
        """Accept what `issued` tells, at each call anew: a deleted token proves nothing at once."""
        self._issued = issued

    def bearer_of(self, authorization: str) -> Bearer | None:
        """Who shows an Authorization field's value (RFC 6750); None where no token of ours is in it."""
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != SCHEME or not secret.strip():
            return None
        given = digest_of(secret.strip())
        bearer: Bearer | None = None
        for digest, known in (*self._tokens, *self._issued_now()):
            if hmac.compare_digest(digest, given):  # every one is compared: the time does not tell which
                bearer = known
        return bearer

    def roles_of(self, authorization: str) -> frozenset[Role] | None:
        """Roles of an Authorization field's value; None where no token of ours is in it."""
        bearer = self.bearer_of(authorization)
        return bearer.roles if bearer else None

    def _issued_now(self) -> list[tuple[str, Bearer]]:
        now = self._clock()
        return [
            (each.digest, Bearer(each.token.name, ROLES_OF_TOKEN[each.token.role]))
            for each in self._issued()
            if not 0 < each.token.expires_at <= now
        ]


def digest_of(secret: str) -> str:
    """SHA-256 (hex) of a secret: all that is kept of one that was issued."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
