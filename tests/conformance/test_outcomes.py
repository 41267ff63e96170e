"""Every way in which a request can end yields exactly one event, with the right outcome.

One raw-socket test for each member of Outcome; the last test says that none is missing.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from kernel.events import Flag, Outcome
from kernel.matching import Match, Matcher
from kernel.snapshot import Snapshot
from tests.proxy.fakes import (
    Conversation,
    Seen,
    Stage,
    Upstream,
    column,
    policy_text,
    read_reply,
    read_to_end,
    request,
    reset,
    wait_until,
)

Test = Callable[[Stage, Upstream], None]
TESTED: dict[Outcome, str] = {}


def ends(outcome: Outcome) -> Callable[[Test], Test]:
    """Note which outcome a test is about."""

    def note(test: Test) -> Test:
        TESTED[outcome] = test.__name__
        return test

    return note


def expect(stage: Stage, outcome: Outcome, status: int) -> None:
    """There is one event, and it says this."""
    (row,) = stage.events(1)
    assert (column(row, "outcome"), column(row, "status"), column(row, "interim")) == (outcome, status, 0)
    wait_until(lambda: stage.listener.open_requests == 0)


def silent(conversation: Conversation, seen: Seen) -> bool:
    """Read on and answer nothing until the other side has closed."""
    while conversation.fill():
        pass
    return False


def send(stage: Stage, data: bytes) -> Conversation:
    """Send bytes on a new connection."""
    client = stage.connect()
    client.sendall(data)
    return Conversation(client)


@ends(Outcome.COMPLETED)
def test_a_relayed_response_completes(stage: Stage, upstream: Upstream) -> None:
    reply = read_reply(send(stage, request("/shop/a")))
    assert (reply.status, reply.body) == (200, b"hello")
    expect(stage, Outcome.COMPLETED, 200)


@ends(Outcome.ANSWERED)
def test_a_python_handler_answers_what_no_route_takes(stage: Stage, upstream: Upstream) -> None:
    reply = read_reply(send(stage, request("/python/echo", "POST", body=b"abc")))
    assert (reply.status, reply.body, reply.values("x-python")) == (200, b"abc", ["1"])
    expect(stage, Outcome.ANSWERED, 200)


@ends(Outcome.REFUSED)
def test_a_rule_refuses(stage: Stage, upstream: Upstream) -> None:
    reply = read_reply(send(stage, request("/closed/a")))
    assert reply.status == 401
    expect(stage, Outcome.REFUSED, 401)
    assert not upstream.seen


@ends(Outcome.NO_ROUTE)
def test_no_route_takes_the_path(stage: Stage, upstream: Upstream) -> None:
    assert read_reply(send(stage, request("/nowhere"))).status == 404
    expect(stage, Outcome.NO_ROUTE, 404)


@ends(Outcome.BAD_REQUEST)
def test_a_malformed_head_is_refused(stage: Stage, upstream: Upstream) -> None:
    answer = read_to_end(send(stage, b"GET /shop/a HTTP/1.1\r\n\r\n").sock)
    assert answer.startswith(b"HTTP/1.1 400 ")
    expect(stage, Outcome.BAD_REQUEST, 400)


@ends(Outcome.BODY_TOO_LARGE)
def test_a_declared_body_over_the_cap_is_refused(stage: Stage, upstream: Upstream) -> None:
    head = request("/small/a", "POST", "Content-Length: 101\r\n")
    assert read_reply(send(stage, head)).status == 413
    expect(stage, Outcome.BODY_TOO_LARGE, 413)
    assert not upstream.seen


def test_a_streamed_body_over_the_cap_is_refused(stage: Stage, upstream: Upstream) -> None:
    head = request("/small/a", "POST", "Transfer-Encoding: chunked\r\n")
    answer = read_to_end(send(stage, head + b"65\r\n" + b"x" * 101 + b"\r\n").sock)
    assert answer.startswith(b"HTTP/1.1 413 ")
    expect(stage, Outcome.BODY_TOO_LARGE, 413)


@contextmanager
def head_deadline(stage: Stage, upstream: Upstream, head_ms: int) -> Iterator[None]:
    """A short deadline for heads."""
    before = stage.gateway.holder.snapshot
    stage.use(policy_text(upstream.port, head_ms=head_ms))
    yield
    stage.gateway.holder.snapshot = before


@ends(Outcome.HEAD_TIMEOUT)
def test_a_slow_head_is_given_up(stage: Stage, upstream: Upstream) -> None:
    with head_deadline(stage, upstream, 200):
        answer = read_to_end(send(stage, b"GET /shop/a HTTP/1.1\r\nHost: x\r\n").sock)
    assert answer.startswith(b"HTTP/1.1 408 ")
    expect(stage, Outcome.HEAD_TIMEOUT, 408)


def test_a_connection_that_says_nothing_is_closed_without_an_event(stage: Stage, upstream: Upstream) -> None:
    with head_deadline(stage, upstream, 200):
        assert read_to_end(stage.connect()) == b""
    assert not stage.rows


@ends(Outcome.BODY_TIMEOUT)
def test_a_stalled_body_is_given_up(stage: Stage, upstream: Upstream) -> None:
    head = request("/quick/a", "POST", "Content-Length: 10\r\n")
    assert read_to_end(send(stage, head + b"abc").sock).startswith(b"HTTP/1.1 408 ")
    expect(stage, Outcome.BODY_TIMEOUT, 408)


def test_a_body_that_trickles_is_given_up(stage: Stage, upstream: Upstream) -> None:
    client = send(stage, request("/shop/a", "POST", "Content-Length: 900\r\n")).sock
    wait_until(lambda: stage.listener.open_requests == 1)
    for _ in range(3):  # never idle for 15 s
        client.sendall(b"x")
        wait_until(lambda: upstream.connections_of("a") != [])
        stage.pass_time(9)
    assert read_to_end(client).startswith(b"HTTP/1.1 408 ")
    final = [row for row in stage.rows if not column(row, "interim")]
    assert [(column(row, "outcome"), column(row, "status")) for row in final] == [(Outcome.BODY_TIMEOUT, 408)]


@ends(Outcome.CLIENT_GONE_HEAD)
def test_a_client_hangs_up_in_the_head(stage: Stage, upstream: Upstream) -> None:
    send(stage, b"GET /shop/a HT").sock.close()
    expect(stage, Outcome.CLIENT_GONE_HEAD, 0)


@ends(Outcome.CLIENT_GONE_BODY)
def test_a_client_hangs_up_in_the_body(stage: Stage, upstream: Upstream) -> None:
    send(stage, request("/shop/a", "POST", "Content-Length: 10\r\n") + b"abc").sock.close()
    expect(stage, Outcome.CLIENT_GONE_BODY, 0)


@ends(Outcome.CLIENT_GONE_WAITING)
def test_a_client_hangs_up_before_the_response(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["wait"] = silent
    client = send(stage, request("/shop/wait")).sock
    wait_until(lambda: upstream.connections_of("wait") != [])
    reset(client)
    expect(stage, Outcome.CLIENT_GONE_WAITING, 0)


@ends(Outcome.CLIENT_GONE_RESPONSE)
def test_a_client_hangs_up_in_the_response(stage: Stage, upstream: Upstream) -> None:
    def begin(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        return silent(conversation, seen)

    upstream.scripts["a"] = begin
    conversation = send(stage, request("/shop/a"))
    assert conversation.take_until(b"abc")
    reset(conversation.sock)
    expect(stage, Outcome.CLIENT_GONE_RESPONSE, 200)


@ends(Outcome.CONNECT_FAILED)
def test_a_dead_upstream_is_told(stage: Stage, upstream: Upstream) -> None:
    assert read_reply(send(stage, request("/dead/a"))).status == 502
    expect(stage, Outcome.CONNECT_FAILED, 502)


@ends(Outcome.CONNECT_TIMEOUT)
def test_an_upstream_that_does_not_accept_is_given_up(stage: Stage, upstream: Upstream) -> None:
    assert read_reply(send(stage, request("/full/a"))).status == 504
    expect(stage, Outcome.CONNECT_TIMEOUT, 504)
    (row,) = stage.rows
    assert column(row, "upstream_us") > column(row, "duration_us") / 2


@ends(Outcome.FIRST_BYTE_TIMEOUT)
def test_a_silent_upstream_is_given_up(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["a"] = silent
    assert read_reply(send(stage, request("/quick/a"))).status == 504
    expect(stage, Outcome.FIRST_BYTE_TIMEOUT, 504)


@ends(Outcome.RESPONSE_TIMEOUT)
def test_a_stalled_response_is_cut(stage: Stage, upstream: Upstream) -> None:
    def begin(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        return silent(conversation, seen)

    upstream.scripts["a"] = begin
    assert read_to_end(send(stage, request("/quick/a")).sock).endswith(b"\r\n\r\nabc")
    expect(stage, Outcome.RESPONSE_TIMEOUT, 200)


@ends(Outcome.TOTAL_TIMEOUT)
def test_an_exchange_that_takes_too_long_is_given_up(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["a"] = silent
    assert read_reply(send(stage, request("/whole/a"))).status == 504
    expect(stage, Outcome.TOTAL_TIMEOUT, 504)


@ends(Outcome.UPSTREAM_RESET)
def test_an_upstream_that_closes_without_an_answer_is_told(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["a"] = lambda conversation, seen: False
    assert read_reply(send(stage, request("/shop/a", "POST", body=b"x"))).status == 502
    expect(stage, Outcome.UPSTREAM_RESET, 502)


@ends(Outcome.UPSTREAM_MALFORMED)
def test_a_malformed_response_is_not_shown(stage: Stage, upstream: Upstream) -> None:
    def lie(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
        return False

    upstream.scripts["a"] = lie
    assert read_reply(send(stage, request("/shop/a"))).status == 502
    expect(stage, Outcome.UPSTREAM_MALFORMED, 502)


@ends(Outcome.UPSTREAM_TRUNCATED)
def test_a_truncated_response_is_cut_for_the_client_too(stage: Stage, upstream: Upstream) -> None:
    def cut(conversation: Conversation, seen: Seen) -> bool:
        conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        return False

    upstream.scripts["a"] = cut
    assert read_to_end(send(stage, request("/shop/a")).sock).endswith(b"\r\n\r\nabc")
    expect(stage, Outcome.UPSTREAM_TRUNCATED, 200)


@ends(Outcome.DRAINED)
def test_what_is_open_at_the_end_of_the_drain_is_cut(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["wait"] = silent
    client = send(stage, request("/shop/wait")).sock
    wait_until(lambda: upstream.connections_of("wait") != [])
    stage.run(stage.listener.cut)
    assert read_to_end(client) == b""
    expect(stage, Outcome.DRAINED, 0)


class Broken(Matcher):
    """A matcher with a bug."""

    def __init__(self) -> None:
        super().__init__([])

    def match(self, host: str, path: str, method: str) -> Match:
        raise ZeroDivisionError("a bug")


@ends(Outcome.CRASHED)
def test_a_bug_answers_500_and_the_worker_goes_on(stage: Stage, upstream: Upstream) -> None:
    before: Snapshot = stage.gateway.holder.snapshot
    stage.gateway.holder.snapshot = msgspec.structs.replace(before, matcher=Broken())
    answer = read_to_end(send(stage, request("/shop/a")).sock)
    stage.gateway.holder.snapshot = before
    assert answer.startswith(b"HTTP/1.1 500 ")
    expect(stage, Outcome.CRASHED, 500)
    assert read_reply(send(stage, request("/shop/a"))).status == 200


def test_a_half_close_after_the_request_still_gets_the_response(stage: Stage, upstream: Upstream) -> None:
    def wait(conversation: Conversation, seen: Seen) -> bool:
        assert upstream.release.wait(10)
        conversation.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
        return True

    upstream.scripts["wait"] = wait
    client = send(stage, request("/shop/wait")).sock
    wait_until(lambda: upstream.connections_of("wait") != [])
    client.shutdown(1)
    wait_until(lambda: any(each.eof for each in list(stage.listener.connections)))
    upstream.release.set()
    assert read_to_end(client).endswith(b"\r\n\r\nlate")
    (row,) = stage.events(1)
    assert column(row, "outcome") == Outcome.COMPLETED
    assert column(row, "flags") & Flag.HALF_CLOSED
    upstream.release.clear()


def test_a_reset_before_the_connection_was_accepted_is_a_hang_up(stage: Stage, upstream: Upstream) -> None:
    upstream.scripts["wait"] = silent
    blocked = threading.Event()
    stage.loop.call_soon_threadsafe(blocked.wait, 10)
    client = send(stage, request("/shop/wait")).sock
    reset(client)
    blocked.set()
    wait_until(lambda: stage.listener.open_requests == 0 and not stage.listener.connections)
    assert {column(row, "outcome") for row in stage.rows} <= {
        Outcome.CLIENT_GONE_WAITING,
        Outcome.CLIENT_GONE_HEAD,
    }


def test_no_outcome_is_without_a_test() -> None:
    assert set(TESTED) == set(Outcome)
