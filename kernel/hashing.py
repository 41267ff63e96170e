"""Keyed hashes: what telemetry keeps instead of attackers' or clients' own text."""

import hashlib

CANARY_STEPS = 1 << 32


def keyed_hash(text: bytes, key: bytes) -> int:
    """BLAKE2b-64 of `text` under `key` (at most 64 bytes) as an unsigned 64-bit integer, never 0."""
    digest = hashlib.blake2b(text, digest_size=8, key=key).digest()
    return int.from_bytes(digest, "little") or 1


def in_canary(rule: str, identity: str, share: float, key: bytes) -> bool:
    """Whether `identity` belongs to the canary group of `rule`: sticky, independent per rule.

    The group grows with `share` (0 to 1) and nobody who is in it leaves when it grows.
    """
    text = f"{rule}\x1f{identity}".encode()
    return keyed_hash(text, key) % CANARY_STEPS < share * CANARY_STEPS


def credential_digest(secret: bytes) -> bytes:
    """SHA-256 of an API key's bytes: what the policy holds and the proxy looks up."""
    return hashlib.sha256(secret).digest()


def text_digest(text: str) -> str:
    """SHA-256 of a text as 64 hex digits: a key of bounded size for a text of any size."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
