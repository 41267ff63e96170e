"""Connections to the warehouse: one URL, embedded or clustered."""

from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import msgspec
from clickhouse_connect.driver.client import Client

DATABASE = "tidegate"
_DEFAULT_PORTS = {"http": 8123, "https": 8443}


class WrongUrl(Exception):
    """The warehouse's URL cannot be used; the message tells why, never the password."""


class Address(msgspec.Struct, frozen=True):
    """Where the warehouse is, and who asks."""

    interface: str
    host: str
    port: int
    username: str
    password: str
    database: str


def parse_url(url: str) -> Address:
    """`http[s]://[user[:password]@]host[:port][/database]`; raises WrongUrl."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise WrongUrl(f"the warehouse's URL is not one: {problem}") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise WrongUrl("the warehouse's URL must look like http://user:password@host:8123/tidegate")
    return Address(
        interface=parts.scheme,
        host=parts.hostname,
        port=port or _DEFAULT_PORTS[parts.scheme],
        username=unquote(parts.username or "default"),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.strip("/")) or DATABASE,
    )


class Link:
    """A client that is made when it is first asked for: the warehouse may be away until then."""

    def __init__(self, url: str, *, timeout_s: int) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._client: Client | None = None

    def __call__(self) -> Client:
        """The client. Raises what `connect` raises."""
        if self._client is None:
            self._client = connect(self._url, timeout_s=self._timeout_s)
        return self._client

    def close(self) -> None:
        """Close it, if it was made."""
        if self._client is not None:
            self._client.close()


def connect(
    url: str, *, connect_timeout_s: int = 3, timeout_s: int = 60, settings: dict[str, Any] | None = None
) -> Client:
    """A client with the Rust codec, without a session, with a connection pool of its own.

    Raises clickhouse_connect's DatabaseError or OperationalError while no warehouse answers.
    It is safe to use from several threads. The database need not exist yet.
    """
    address = parse_url(url)
    client = clickhouse_connect.get_client(
        interface=address.interface,
        host=address.host,
        port=address.port,
        username=address.username,
        password=address.password,
        database="default",
        connect_timeout=connect_timeout_s,
        send_receive_timeout=timeout_s,
        autogenerate_session_id=False,
        native_codec="rust",
        settings=settings,
        dedicated_pool=True,
        compress="lz4",
    )
    client.database = address.database
    return client
