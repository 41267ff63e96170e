"""What no route takes but a Python handler does, on the same connection as gateway traffic."""

from collections.abc import Iterator

import pytest

from kernel.events import Outcome
from tests.proxy.fakes import (
    Conversation,
    Stage,
    column,
    policy_text,
    read_reply,
    read_to_end,
    request,
    reset,
    staged,
    wait_until,
)


@pytest.fixture(scope="module")
def served() -> Iterator[Stage]:
    with staged(policy_text) as (stage, _):
        yield stage


@pytest.fixture
def stage(served: Stage) -> Iterator[Stage]:
    served.rows.clear()
    yield served
    served.hang_up()


def test_handlers_and_routes_take_turns_on_one_connection(stage: Stage) -> None:
    conversation = Conversation(stage.connect())
    for _ in range(3):
        conversation.sock.sendall(request("/python/a", "POST", body=b"abc") + request("/shop/a"))
        assert read_reply(conversation).body == b"abc"
        assert read_reply(conversation).body == b"hello"
    outcomes = [column(row, "outcome") for row in stage.events(6)]
    assert outcomes == [Outcome.ANSWERED, Outcome.COMPLETED] * 3
    assert column(stage.rows[0], "decision") == "allowed"
    assert column(stage.rows[0], "bytes_out") == 3


def test_who_is_denied_everything_reaches_neither_a_handler_nor_a_404() -> None:
    def denying(port: int) -> str:
        return policy_text(port) + "access: [{name: out, action: deny, networks: [127.0.0.0/8]}]\n"

    with staged(denying) as (stage, _):
        conversation = Conversation(stage.connect())
        for path in ("/python/a", "/nowhere", "/shop/a"):
            conversation.sock.sendall(request(path))
            assert read_reply(conversation).status == 403
        told = [(column(row, "outcome"), column(row, "rule")) for row in stage.events(3)]
        assert told == [(Outcome.REFUSED, "out")] * 3


def test_what_a_shadow_would_have_denied_a_handler_is_told() -> None:
    def shadowing(port: int) -> str:
        return policy_text(port) + (
            "access: [{name: out, action: deny, networks: [127.0.0.0/8], mode: shadow}]\n"
        )

    with staged(shadowing) as (stage, _):
        conversation = Conversation(stage.connect())
        conversation.sock.sendall(request("/python/a"))
        assert read_reply(conversation).status == 200
        (row,) = stage.events(1)
        assert column(row, "would_refuse") == ("out",)


def test_a_chunked_body_reaches_a_handler(stage: Stage) -> None:
    conversation = Conversation(stage.connect())
    head = request("/python/a", "POST", "Transfer-Encoding: chunked\r\n")
    conversation.sock.sendall(head + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n")
    assert read_reply(conversation).body == b"abcdef"
    assert column(stage.events(1)[0], "bytes_in") == 6


def test_connection_close_is_obeyed(stage: Stage) -> None:
    client = stage.connect()
    client.sendall(request("/python/a", fields="Connection: close\r\n"))
    assert b"connection: close\r\n" in read_to_end(client)
    client = stage.connect()
    client.sendall(b"GET /python/a HTTP/1.0\r\nHost: a\r\n\r\n")
    assert read_to_end(client).startswith(b"HTTP/1.1 200 ")


def test_a_handler_that_fails_is_told_as_500(stage: Stage) -> None:
    client = stage.connect()
    client.sendall(request("/python/crash"))
    assert read_reply(Conversation(client)).status == 500
    assert column(stage.events(1)[0], "status") == 500


def test_a_hang_up_reaches_the_handler(stage: Stage) -> None:
    client = stage.connect()
    client.sendall(request("/python/wait"))
    wait_until(lambda: stage.listener.open_requests == 1)
    reset(client)
    assert column(stage.events(1)[0], "outcome") == Outcome.CLIENT_GONE_WAITING


def test_a_malformed_request_never_reaches_a_handler(stage: Stage) -> None:
    client = stage.connect()
    client.sendall(b"GET /python/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert read_to_end(client).startswith(b"HTTP/1.1 400 ")
    assert column(stage.events(1)[0], "outcome") == Outcome.BAD_REQUEST
