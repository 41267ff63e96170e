"""What an operator may turn, and where it is read from."""

import os

import msgspec

CONTROL_URL = "http://127.0.0.1:8090"
WAREHOUSE_URL = "http://127.0.0.1:8123"


class Settings(msgspec.Struct, frozen=True):
    """Settings of one analytics process."""

    warehouse: str
    control: str
    tenant: str
    tick_ms: int
    token: str  # of the control endpoint
    holder: str  # name under which it holds the lease


def control_token() -> str:
    """The control endpoint's bearer token, from the environment; empty where unset."""
    return os.environ.get("TIDEGATE_CONTROL_TOKEN", "")


def warehouse_url() -> str:
    """The warehouse's URL, from the environment or the default."""
    return os.environ.get("TIDEGATE_WAREHOUSE", WAREHOUSE_URL)
