"""Keyed hashes."""

import hashlib

from kernel.hashing import credential_digest, in_canary, keyed_hash, text_digest

KEY, OTHER = b"k" * 16, b"o" * 16


def test_a_hash_depends_on_text_and_key_and_fits_64_bits() -> None:
    assert keyed_hash(b"alice", KEY) == keyed_hash(b"alice", KEY)
    assert keyed_hash(b"alice", KEY) != keyed_hash(b"bob", KEY)
    assert keyed_hash(b"alice", KEY) != keyed_hash(b"alice", OTHER)
    assert 0 < keyed_hash(b"", KEY) < 1 << 64


def test_a_canary_of_nobody_and_of_everybody() -> None:
    people = [f"ip:10.0.0.{number}" for number in range(200)]
    assert not any(in_canary("rule", who, 0.0, KEY) for who in people)
    assert all(in_canary("rule", who, 1.0, KEY) for who in people)


def test_a_digest_is_the_sha256_that_the_policy_holds() -> None:
    assert credential_digest(b"tg_secret") == hashlib.sha256(b"tg_secret").digest()


def test_a_text_of_any_size_has_a_digest_of_one_size() -> None:
    assert len(text_digest("")) == len(text_digest("x" * 100_000)) == len(text_digest("\ud800")) == 64
    assert text_digest("a") != text_digest("b")
