"""Settings of the embedded server, from its environment."""

from collections.abc import Mapping

from warehouse.client import WrongUrl, parse_url
from warehouse.environment import secret
from warehouse.users import User

READER = "reader"  # the read-only user, for dashboards


def users_from(environment: Mapping[str, str]) -> tuple[User, ...]:
    """The writer is the user of TIDEGATE_WAREHOUSE; the reader's password is TIDEGATE_WAREHOUSE_READER.

    Without either both passwords are empty, which main allows on loopback only. Raises WrongUrl, CannotRun.
    """
    url = secret(environment, "TIDEGATE_WAREHOUSE")
    name, password = "default", ""
    if url and url != "none":
        address = parse_url(url)
        name, password = address.username, address.password
    if name == READER:
        raise WrongUrl(f"TIDEGATE_WAREHOUSE names the user {READER!r}, which may only read")
    reader = User(READER, environment.get("TIDEGATE_WAREHOUSE_READER", password), read_only=True)
    return User(name, password), reader
