"""The last good policy on disk: what a proxy starts with when its control endpoint is away."""

import os
from pathlib import Path

FILE = "last-good-policy.yaml"


class LastGood:
    """One file, replaced atomically and synced: a crash leaves the old text or the new one."""

    __slots__ = ("path",)

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE

    def keep(self, text: str) -> None:
        """Store a policy that was applied. It may name networks and key hashes: mode 0600."""
        partial = self.path.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.path)

    def text(self) -> str | None:
        """The policy kept, or None where there is none that can be read."""
        try:
            return self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
