"""What the operator's processes take from the environment; nothing else of console reads it."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from warehouse.environment import by_value, secret

DEFAULT_DATA = "var"


class Settings(msgspec.Struct, frozen=True):
    """Empty texts where the environment says nothing."""

    data: Path
    warehouse: str
    control_token: str
    manage_token: str
    hash_key: str
    proxy_token: str = ""
    analytics_token: str = ""


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment. Raises CannotRun."""
    return Settings(
        data=Path(environment.get("TIDEGATE_DATA") or DEFAULT_DATA),
        warehouse=secret(environment, "TIDEGATE_WAREHOUSE"),
        control_token=secret(environment, "TIDEGATE_CONTROL_TOKEN"),
        manage_token=secret(environment, "TIDEGATE_MANAGE_TOKEN"),
        hash_key=secret(environment, "TIDEGATE_HASH_KEY"),
        proxy_token=secret(environment, "TIDEGATE_PROXY_TOKEN"),
        analytics_token=secret(environment, "TIDEGATE_ANALYTICS_TOKEN"),
    )


def settings() -> Settings:
    """The settings of this process."""
    return settings_of(os.environ)


def inherited() -> dict[str, str]:
    """A copy of the environment, secrets by value, for processes that we start. Raises CannotRun."""
    return by_value(os.environ)
