"""The last good policy and the revoked keys on disk: what a proxy starts with when control is away."""

import os
import re
from pathlib import Path

FILE = "last-good-policy.yaml"
REVOKED_FILE = "revoked-keys.txt"
SHA256 = re.compile("[0-9a-f]{64}")


class LastGood:
    """Files that are replaced atomically and synced: a crash leaves the old text or the new one."""

    __slots__ = ("path", "revoked_path")

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self.revoked_path = directory / REVOKED_FILE

    def keep(self, text: str) -> None:
        """Store a policy that was applied. It may name networks and key hashes: mode 0600."""
        replace_synced(self.path, text)

    def keep_revoked(self, revoked: frozenset[str]) -> None:
        """Store the revoked keys' hashes: a restart while control is away must not admit them again."""
        replace_synced(self.revoked_path, "".join(f"{each}\n" for each in sorted(revoked)))

    def revoked(self) -> frozenset[str]:
        """The revoked keys' hashes; none where the file is missing or damaged."""
        try:
            words = self.revoked_path.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError):
            return frozenset()
        return frozenset(word for word in words if SHA256.fullmatch(word))

    def text(self) -> str | None:
        """The policy kept, or None where there is none that can be read."""
        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None


def replace_synced(path: Path, text: str) -> None:
    """Replace a file, mode 0600. Raises OSError; the old one stays then."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
