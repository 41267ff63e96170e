"""What an operator may turn, and where it is read from."""

import os

from warehouse.environment import secret

CONTROL_URL = "http://127.0.0.1:8090"
WAREHOUSE_URL = "http://127.0.0.1:8123"


def warehouse_url(given: str) -> str:
    """The option, else the environment's URL, else the embedded warehouse's. Raises CannotRun."""
    return given or secret(os.environ, "TIDEGATE_WAREHOUSE") or WAREHOUSE_URL


def control_token() -> str:
    """The control endpoint's bearer token, from the environment; empty where unset."""
    return secret(os.environ, "TIDEGATE_CONTROL_TOKEN")


def hash_key() -> bytes:
    """The key of canaries and hashes; empty where unset. Raises ValueError where it is no hex."""
    return bytes.fromhex(secret(os.environ, "TIDEGATE_HASH_KEY"))
