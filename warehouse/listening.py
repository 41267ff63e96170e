"""Where a server listens: HOST:PORT as operators write it, and a clear message where it cannot be had."""

import os
import socket
from typing import NamedTuple

from warehouse.exits import CannotRun

UNIX = "unix:"
HIGHEST_PORT = 65_535


class Endpoint(NamedTuple):
    """Where a server listens: host and port, or the path of a Unix socket."""

    host: str
    port: int
    path: str = ""

    def text(self) -> str:
        """As an operator writes it."""
        if self.path:
            return f"{UNIX}{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def url(self) -> str:
        """As a URL, as the ready line tells it."""
        return self.text() if self.path else f"http://{self.text()}"


def parse_endpoint(text: str, option: str, *, or_unix: bool = False) -> Endpoint:
    """Parse `HOST:PORT`, `[IPV6]:PORT` or, where it is allowed, `unix:PATH`. Raises CannotRun.

    >>> parse_endpoint("[::1]:8080", "--listen")
    Endpoint(host='::1', port=8080, path='')
    """
    if or_unix and text.startswith(UNIX):
        return Endpoint("", 0, text.removeprefix(UNIX))
    host, separator, port = text.rpartition(":")
    host = host.strip("[]")
    is_port = port.isascii() and port.isdecimal() and int(port) <= HIGHEST_PORT
    if not separator or not host or not is_port:
        forms = "HOST:PORT, [IPV6]:PORT or unix:PATH" if or_unix else "HOST:PORT or [IPV6]:PORT"
        raise CannotRun(f"{option} {text!r} is not {forms}; for example {option} 127.0.0.1:8080")
    return Endpoint(host, int(port))


def bind(endpoint: Endpoint, option: str, *, shared: bool = False) -> socket.socket:
    """A TCP socket bound to an endpoint, not listening yet; `shared` among workers (SO_REUSEPORT).

    Raises CannotRun where the port is taken or the host is not this machine's.
    """
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except socket.gaierror as failure:
        raise CannotRun(
            f"{option}: {endpoint.host!r} is no address of this machine: {failure.strerror}"
        ) from failure
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind(address)
    except OSError as failure:
        bound.close()
        raise not_listening(endpoint, option, failure) from failure
    return bound


def not_listening(endpoint: Endpoint, option: str, failure: OSError) -> CannotRun:
    """What to tell an operator whose address could not be had."""
    # Python's own text may repeat the address; the number's does not.
    what = os.strerror(failure.errno).lower() if failure.errno else str(failure)
    return CannotRun(f"cannot listen on {endpoint.text()}: {what}; choose another with {option}")


def endpoint_of(bound: socket.socket) -> Endpoint:
    """Where a socket is bound: tells which port was free."""
    host, port = bound.getsockname()[:2]
    return Endpoint(host, port)
