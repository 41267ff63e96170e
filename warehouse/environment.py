"""Secrets in a process's environment: by value, or by the file that NAME_FILE names."""

from collections.abc import Mapping
from pathlib import Path

from warehouse.exits import CannotRun

BY_FILE = "_FILE"
SECRETS = (
    "TIDEGATE_WAREHOUSE",
    "TIDEGATE_CONTROL_TOKEN",
    "TIDEGATE_PROXY_TOKEN",
    "TIDEGATE_ANALYTICS_TOKEN",
    "TIDEGATE_MANAGE_TOKEN",
    "TIDEGATE_HASH_KEY",
    "TIDEGATE_GRAFANA_TOKEN",
)


def secret(environment: Mapping[str, str], name: str) -> str:
    """The value of NAME, else the text of NAME_FILE without one newline at its end; empty where neither is.

    Raises CannotRun where both are given, or the file cannot be read or holds nothing.
    """
    value, file = environment.get(name, ""), environment.get(name + BY_FILE, "")
    if not file:
        return value
    if value:
        raise CannotRun(f"{name} and {name}{BY_FILE} are both set; set one")
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as problem:
        reason = (isinstance(problem, OSError) and problem.strerror) or "it is not UTF-8 text"
        raise CannotRun(f"{name}{BY_FILE}: {file} cannot be read: {reason}") from None
    # An empty secret would open what it is to close.
    if not text.strip():
        raise CannotRun(f"{name}{BY_FILE}: {file} is empty")
    return text.removesuffix("\n")


def by_value(environment: Mapping[str, str]) -> dict[str, str]:
    """A copy for a child, where a secret may be set anew: none is by file. Raises CannotRun."""
    found = {name: secret(environment, name) for name in SECRETS}
    known = {name: text for name, text in found.items() if text or name in environment}
    return without_secrets(environment) | known


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """A copy for a child that is given its own secrets and shall have no other."""
    return {name: value for name, value in environment.items() if name.removesuffix(BY_FILE) not in SECRETS}
