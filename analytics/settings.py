"""What an operator may turn, and where it is read from."""

import os

CONTROL_URL = "http://127.0.0.1:8090"
WAREHOUSE_URL = "http://127.0.0.1:8123"


def control_token() -> str:
    """The control endpoint's bearer token, from the environment; empty where unset."""
    return os.environ.get("TIDEGATE_CONTROL_TOKEN", "")


def hash_key() -> bytes:
    """The key of canaries and hashes; empty where unset. Raises ValueError where it is no hex."""
    return bytes.fromhex(os.environ.get("TIDEGATE_HASH_KEY", ""))
