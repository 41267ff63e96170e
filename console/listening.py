"""HOST:PORT as operators write it, and a clear message where it cannot be listened on."""

import os
import socket

from console.terminal import CannotRun

HIGHEST_PORT = 65_535


def split_listen(text: str, option: str) -> tuple[str, int]:
    """`127.0.0.1:8080`, `[::1]:8080`, `:8080` -> host and port. Raises CannotRun."""
    host, separator, port = text.rpartition(":")
    if not separator or not (port.isascii() and port.isdecimal()) or int(port) > HIGHEST_PORT:
        raise CannotRun(f"{option} {text!r} is not HOST:PORT, for example 127.0.0.1:8080")
    return host.strip("[]") or "127.0.0.1", int(port)


def listen_on(text: str, option: str) -> socket.socket:
    """A listening socket. Raises CannotRun where the port is taken or the host is not ours."""
    host, port = split_listen(text, option)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as trouble:
        number = trouble.errno or 0
        # Python's own text repeats the address; a name that does not resolve has a negative number.
        what = os.strerror(number) if number > 0 else str(trouble.strerror or trouble)
        raise CannotRun(f"cannot listen on {text}: {what.lower()}; choose another with {option}") from trouble
