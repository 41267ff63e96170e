"""HOST:PORT."""

import socket

import pytest

from console.listening import listen_on, split_listen
from console.terminal import CannotRun


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:0", "::1", 0), (":9", "127.0.0.1", 9)],
)
def test_host_and_port_are_read(text: str, host: str, port: int) -> None:
    assert split_listen(text, "--listen") == (host, port)


@pytest.mark.parametrize("text", ["", "8080", "localhost", "a:b", "a:65536", "a:-1", "a:\u0661"])
def test_what_is_none_is_told_with_its_option(text: str) -> None:
    with pytest.raises(CannotRun, match=r"--manage .* is not HOST:PORT"):
        split_listen(text, "--manage")


def test_a_taken_port_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(
            CannotRun, match=f"cannot listen on 127.0.0.1:{port}.*choose another with --listen"
        ):
            listen_on(f"127.0.0.1:{port}", "--listen")


def test_a_free_port_is_listened_on() -> None:
    with listen_on("127.0.0.1:0", "--listen") as listener:
        socket.create_connection(listener.getsockname(), timeout=5).close()
        assert listener.getsockname()[1] > 0
