"""What a proxy process owns while it runs: a directory (locked) and listening addresses (bound)."""

import fcntl
import os
import socket
from pathlib import Path

from proxy.settings import Endpoint, Unusable

LOCK = "lock"


class OwnedDirectory:
    """A directory that one process writes to. The lock ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = (path / LOCK).open("a+", encoding="ascii")
        except OSError as failure:
            raise Unusable(f"--data {path}: {failure.strerror}") from failure
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as failure:
            self._lock.seek(0)
            owner = self._lock.read().strip() or "unknown"
            self._lock.close()
            raise Unusable(f"--data {path} is in use by process {owner}; name another directory") from failure
        self._lock.truncate(0)
        self._lock.write(f"{os.getpid()}\n")
        self._lock.flush()

    def release(self) -> None:
        """Let another process own it."""
        self._lock.close()


def bind(endpoint: Endpoint, option: str, *, shared: bool = False) -> socket.socket:
    """A TCP socket bound to an endpoint, not listening yet; `shared` among workers (SO_REUSEPORT)."""
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except socket.gaierror as failure:
        raise Unusable(
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
        raise untaken(endpoint, option, failure) from failure
    return bound


def untaken(endpoint: Endpoint, option: str, failure: OSError) -> Unusable:
    """What to tell an operator whose address could not be had."""
    where = f"{endpoint.host}:{endpoint.port}"
    return Unusable(
        f"{option}: cannot listen on {where}: {failure.strerror or failure}; name another with {option}"
    )


def endpoint_of(bound: socket.socket) -> Endpoint:
    """Where a socket is bound: tells which port was free."""
    host, port = bound.getsockname()[:2]
    return Endpoint(host, port)
