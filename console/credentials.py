"""Issued tokens and revoked API keys in the store. A secret is never stored, only its SHA-256.

128 random bits need no slow hash: nobody can try them all.
"""

import sqlite3

import msgspec

from kernel.control import KnownToken, RevokedKey


class Issued(msgspec.Struct, frozen=True):
    """A token that was made, and the SHA-256 (hex) of its secret."""

    token: KnownToken
    digest: str


class Credentials:
    """The tables of one store; not for use by two threads at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, tenant: str, issued: Issued) -> None:
        """Keep a token."""
        token = issued.token
        self._connection.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?)",
            (token.id, tenant, token.name, token.role, issued.digest, token.created_at, token.expires_at),
        )

    def remove(self, tenant: str, which: str) -> bool:
        """Delete a token; False where there is none of that id."""
        return (
            self._connection.execute(
                "DELETE FROM tokens WHERE tenant = ? AND id = ?", (tenant, which)
            ).rowcount
            > 0
        )

    def issued(self, tenant: str) -> tuple[Issued, ...]:
        """Every token, the oldest first, expired ones included."""
        rows = self._connection.execute(
            "SELECT id, name, role, created_at, expires_at, digest FROM tokens WHERE tenant = ?"
            " ORDER BY created_at, id",
            (tenant,),
        )
        return tuple(Issued(KnownToken(*known), digest) for *known, digest in rows)

    def revoke_key(self, tenant: str, key: RevokedKey) -> bool:
        """Refuse an API key from now on; False where it was refused already."""
        return (
            self._connection.execute(
                "INSERT OR IGNORE INTO revoked_keys VALUES (?, ?, ?, ?, ?)",
                (tenant, key.sha256, key.reason, key.author, key.revoked_at),
            ).rowcount
            > 0
        )

    def revoked_keys(self, tenant: str) -> tuple[RevokedKey, ...]:
        """Every revoked key, the newest first."""
        rows = self._connection.execute(
            "SELECT sha256, reason, author, revoked_at FROM revoked_keys WHERE tenant = ?"
            " ORDER BY revoked_at DESC, sha256",
            (tenant,),
        )
        return tuple(RevokedKey(*row) for row in rows)
