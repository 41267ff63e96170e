"""Users of the embedded server: names, passwords, and whether they may write."""

import base64
import binascii
import hmac
from collections.abc import Mapping

import msgspec


class User(msgspec.Struct, frozen=True):
    """A user of the embedded server."""

    name: str
    password: str
    read_only: bool = False


class Unauthenticated(Exception):
    """No such user, or a wrong password; the message tells neither apart."""


class Users:
    """Checks credentials in constant time with respect to the password."""

    def __init__(self, users: tuple[User, ...]) -> None:
        self._users = {user.name: user for user in users}

    def authenticate(self, headers: Mapping[str, str], parameters: Mapping[str, str]) -> User:
        """The user of a request, by X-ClickHouse-User, Basic, or `user=`; raises Unauthenticated.

        Fail-closed: credentials that do not decode are wrong ones.
        """
        name, password = _credentials(headers, parameters)
        user = self._users.get(name)
        expected = user.password if user else ""
        matches = hmac.compare_digest(password.encode(), expected.encode())
        if user is None or not matches:
            raise Unauthenticated(
                f"{name}: Authentication failed: password is incorrect, or there is no user with such name."
            )
        return user


def _credentials(headers: Mapping[str, str], parameters: Mapping[str, str]) -> tuple[str, str]:
    if "x-clickhouse-user" in headers:
        return headers["x-clickhouse-user"], headers.get("x-clickhouse-key", "")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Unauthenticated("the Basic credentials do not decode") from None
        name, _, password = text.partition(":")
        return name, password
    if scheme:
        raise Unauthenticated(f"authentication scheme {scheme!r} is not supported")
    return parameters.get("user", "default"), parameters.get("password", "")
