"""Secrets between the processes of one data directory, and its hash key: made once, mode 0600.

Processes get them by environment, never by command line, where `ps` would show them; each its own only.
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

KEYRING_FILE = "keyring.json"
SECRET_BYTES = 16  # 128 bits

RandomBytes = Callable[[int], bytes]


class Keyring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Secrets as hexadecimal text. `hash_key` keys canaries and the hashes in telemetry:
    with another one, hashes of before and after no longer join, so it is kept."""

    control_token: str  # the operator's
    manage_token: str
    hash_key: str
    # Empty in keyrings of before there were such.
    warehouse_password: str = ""  # of the embedded warehouse
    proxy_token: str = ""
    analytics_token: str = ""

    def to_console(self) -> dict[str, str]:
        """The console's environment: it knows the token of each role."""
        return {
            "TIDEGATE_CONTROL_TOKEN": self.control_token,
            "TIDEGATE_PROXY_TOKEN": self.proxy_token,
            "TIDEGATE_ANALYTICS_TOKEN": self.analytics_token,
        }

    def to_analytics(self) -> dict[str, str]:
        """Analytics' environment: the token it shows to the console is its own."""
        return {"TIDEGATE_CONTROL_TOKEN": self.analytics_token, "TIDEGATE_HASH_KEY": self.hash_key}

    def to_proxy(self) -> dict[str, str]:
        """The proxy's environment, likewise."""
        return {
            "TIDEGATE_CONTROL_TOKEN": self.proxy_token,
            "TIDEGATE_MANAGE_TOKEN": self.manage_token,
            "TIDEGATE_HASH_KEY": self.hash_key,
        }


class UnreadableKeyring(Exception):
    """The keyring's file is there but is not one."""


def read_keyring(directory: Path) -> Keyring | None:
    """The directory's keyring, None where there is none. Raises UnreadableKeyring."""
    path = directory / KEYRING_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Keyring)
    except FileNotFoundError:
        return None
    except OSError as trouble:
        why = (trouble.strerror or str(trouble)).lower()
        raise UnreadableKeyring(
            f"{path} cannot be read: {why}; run as its owner, or name another directory with --data"
        ) from trouble
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UnreadableKeyring(f"{path}: {problem}; restore it, or delete it to make a new one") from problem


def keyring_of(directory: Path, random_bytes: RandomBytes) -> Keyring:
    """The directory's keyring; what is missing of it is made. Raises UnreadableKeyring or OSError."""
    known = read_keyring(directory) or Keyring("", "", "")
    names = Keyring.__struct_fields__
    made = Keyring(**{name: getattr(known, name) or random_bytes(SECRET_BYTES).hex() for name in names})
    if made == known:
        return known
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(directory / KEYRING_FILE, msgspec.json.format(msgspec.json.encode(made)))
    return made


def write_private(path: Path, content: bytes) -> None:
    """Replace a file atomically by one that only its owner can read."""
    scratch = path.with_name(path.name + ".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    scratch.replace(path)
