"""Tokens and revoked keys in the store."""

from console.credentials import Credentials, Issued
from kernel.control import KnownToken, RevokedKey
from tests.console.stored import connection


def test_a_token_is_kept_by_its_digest_until_it_is_removed() -> None:
    credentials = Credentials(connection())
    issued = Issued(KnownToken("t1", "ci", "viewer", 1.0, 0.0), "ab" * 32)
    credentials.add("default", issued)
    assert credentials.issued("default") == (issued,)
    assert not credentials.remove("other", "t1")
    assert credentials.remove("default", "t1")
    assert credentials.issued("default") == ()


def test_a_key_is_revoked_once() -> None:
    credentials = Credentials(connection())
    key = RevokedKey("ab" * 32, "leaked", "ada", 1.0)
    assert credentials.revoke_key("default", key)
    assert not credentials.revoke_key("default", RevokedKey("ab" * 32, "again", "bob", 2.0))
    assert credentials.revoked_keys("default") == (key,)
