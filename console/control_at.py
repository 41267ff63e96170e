"""The control endpoint that a command speaks to, and the operator's calls to it."""

from pathlib import Path

from console.asking import Asker, NoAnswer
from console.endpoints import Endpoints, find_endpoints
from console.settings import settings
from kernel.control import PolicyInForce
from warehouse.exits import CannotRun

NAME = "the control endpoint"


def control_at(data: Path | None, url: str) -> tuple[Asker, Endpoints]:
    """Who answers at `url`, or for the gateway of the data directory. Raises CannotRun."""
    found = find_endpoints(settings(), data, control=url)
    if not found.control:
        raise CannotRun(f"no gateway runs on {found.data}; name another with --data DIR or --control URL")
    return Asker(NAME, found.control, found.control_token), found


def in_force(asker: Asker) -> PolicyInForce:
    """The policy that proxies follow. Raises CannotRun."""
    try:
        return asker.get("/v1/policy", PolicyInForce)
    except NoAnswer as trouble:
        raise CannotRun(str(trouble)) from trouble


def checked_reason(reason: str) -> str:
    """What an operator gave as `--reason`. Raises CannotRun where it says nothing."""
    if not reason.strip():
        raise CannotRun("say why with --reason TEXT: the next person on duty will ask")
    return reason.strip()
