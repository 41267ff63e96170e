"""What the operator's processes take from the environment; nothing else of console reads it."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

DEFAULT_DATA = "var"


class Settings(msgspec.Struct, frozen=True):
    """Empty texts where the environment says nothing."""

    data: Path
    warehouse: str
    control_token: str
    manage_token: str
    hash_key: str


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment."""
    return Settings(
        data=Path(environment.get("TIDEGATE_DATA") or DEFAULT_DATA),
        warehouse=environment.get("TIDEGATE_WAREHOUSE", ""),
        control_token=environment.get("TIDEGATE_CONTROL_TOKEN", ""),
        manage_token=environment.get("TIDEGATE_MANAGE_TOKEN", ""),
        hash_key=environment.get("TIDEGATE_HASH_KEY", ""),
    )


def settings() -> Settings:
    """The settings of this process."""
    return settings_of(os.environ)


def inherited() -> dict[str, str]:
    """A copy of the environment, for processes that we start."""
    return dict(os.environ)
