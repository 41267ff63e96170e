"""Endpoints: what operators write, and what they are told when it cannot be had."""

import socket

import pytest

from warehouse.exits import CannotRun
from warehouse.listening import Endpoint, bind, endpoint_of, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint", "url"),
    [
        ("127.0.0.1:8080", Endpoint("127.0.0.1", 8080), "http://127.0.0.1:8080"),
        ("localhost:0", Endpoint("localhost", 0), "http://localhost:0"),
        ("[::1]:80", Endpoint("::1", 80), "http://[::1]:80"),
        ("unix:/run/m.sock", Endpoint("", 0, "/run/m.sock"), "unix:/run/m.sock"),
    ],
)
def test_an_endpoint_is_a_host_and_a_port_or_a_socket(text: str, endpoint: Endpoint, url: str) -> None:
    assert parse_endpoint(text, "--manage", or_unix=True) == endpoint
    assert (endpoint.text(), endpoint.url()) == (text, url)


@pytest.mark.parametrize(
    "text",
    ["", "8080", ":8080", "localhost", "host:", "host:http", "host:65536", "host:-1", "a:\u0661", "unix:/m"],
)
def test_what_is_no_endpoint_is_told_with_its_option(text: str) -> None:
    with pytest.raises(CannotRun, match=r"--listen .* is not HOST:PORT"):
        parse_endpoint(text, "--listen")


def test_a_taken_port_is_told_with_the_option_that_names_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = f"cannot listen on 127.0.0.1:{port}: address already in use; choose another with --listen"
        with pytest.raises(CannotRun, match=told):
            bind(Endpoint("127.0.0.1", port), "--listen")


def test_port_zero_is_any_free_port() -> None:
    with bind(Endpoint("127.0.0.1", 0), "--listen") as bound:
        assert endpoint_of(bound).port > 0


def test_workers_share_a_port() -> None:
    with bind(Endpoint("127.0.0.1", 0), "--listen", shared=True) as first:
        first.listen()
        with bind(endpoint_of(first), "--listen", shared=True) as second:
            second.listen()
            assert endpoint_of(second) == endpoint_of(first)


def test_an_unknown_host_is_told() -> None:
    with pytest.raises(CannotRun, match=r"--manage.*no address"):
        bind(Endpoint("no-such-host.invalid", 0), "--manage")
