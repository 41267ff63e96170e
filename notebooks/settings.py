"""Where a notebook finds the warehouse and the console: the environment, else what `tidegate up` wrote."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from warehouse.environment import secret
from warehouse.exits import CannotRun, without_password

DATA = "var/demo"  # of `make demo`
PROCESSES_FILE, KEYRING_FILE = "processes.json", "keyring.json"
T = TypeVar("T")


class Running(msgspec.Struct, frozen=True):
    """What a notebook needs of DIR/processes.json."""

    urls: dict[str, str] = {}
    tenant: str = "default"


class Secrets(msgspec.Struct, frozen=True):
    """What a notebook needs of DIR/keyring.json."""

    control_token: str = ""
    hash_key: str = ""


class Settings(msgspec.Struct, frozen=True):
    """Empty where nobody says: the notebook asks then."""

    warehouse: str = ""
    tenant: str = "default"
    control: str = ""
    control_token: str = ""
    hash_key: bytes = b""

    def __repr__(self) -> str:
        """Without secrets: marimo lists the values of variables."""
        return f"Settings({without_password(self.warehouse)!r}, {self.tenant!r}, {self.control!r})"


def settings_of(environment: Mapping[str, str], place: Path) -> Settings:
    """The settings in an environment; `place` is where relative paths begin. Raises CannotRun."""
    data = place / (environment.get("TIDEGATE_DATA") or DATA)
    running = read(data / PROCESSES_FILE, Running) or Running()
    secrets = read(data / KEYRING_FILE, Secrets) or Secrets()
    return Settings(
        warehouse=secret(environment, "TIDEGATE_WAREHOUSE") or running.urls.get("warehouse", ""),
        tenant=running.tenant,
        control=running.urls.get("control", ""),
        control_token=secret(environment, "TIDEGATE_CONTROL_TOKEN") or secrets.control_token,
        hash_key=to_key(secret(environment, "TIDEGATE_HASH_KEY") or secrets.hash_key),
    )


def to_key(text: str) -> bytes:
    """The key of canaries. Raises CannotRun where it is no hexadecimal text."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise CannotRun("TIDEGATE_HASH_KEY must be hexadecimal") from None


def read(path: Path, kind: type[T]) -> T | None:
    """A file of JSON; None where it is not there, not ours to read, or something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def settings() -> Settings:
    """The settings of this process, paths from the directory in which it was started. Raises CannotRun."""
    return settings_of(os.environ, Path.cwd())
