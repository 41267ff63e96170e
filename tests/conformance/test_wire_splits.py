"""However a message is cut into packets, the behaviour is the same."""

import pytest

from kernel.events import Outcome
from tests.proxy.fakes import (
    Conversation,
    Seen,
    Stage,
    Upstream,
    column,
    read_reply,
    read_to_end,
    request,
    wait_until,
)

CLOSE = "Connection: close\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
# The upstream may see these heads or not, and as late as in the test that comes next.
ABORTED = "/shop/aborted"
REQUESTS: dict[str, bytes] = {
    "a GET": request("/shop/a?x=1", fields=CLOSE),
    "a blank line first": b"\r\n" + request("/shop/a", fields=CLOSE),
    "a POST": request("/shop/a", "POST", CLOSE, b"hello there"),
    "a chunked POST": request("/shop/a", "POST", CLOSE + CHUNKED)
    + b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n",
    "pipelined": request("/shop/a")
    + request("/shop/a", "POST", CHUNKED)
    + b"3\r\nabc\r\n0\r\n\r\n"
    + request("/nowhere", "POST", body=b"skipped")
    + request("/python/x", "POST", body=b"python")
    + request("/shop/a", "HEAD")
    + request("/closed/a", fields=CLOSE),
    "a handler's": request("/python/x", "POST", CLOSE, b"hello there"),
    "a handler's chunked": request("/python/x", "POST", CLOSE + CHUNKED) + b"3\r\nabc\r\n0\r\n\r\n",
    "HTTP/1.0": b"GET /shop/a HTTP/1.0\r\nHost: x\r\n\r\n",
    "an upgrade": request("/shop/a", fields="Connection: upgrade, close\r\nUpgrade: h2c\r\n"),
    "empty fields": request("/shop/a", fields=CLOSE + "X-A:\r\nX-B: \r\nX-C:c\r\nX-D:  d  \r\n"),
    "no Host": b"GET /shop/a HTTP/1.1\r\nX: y\r\n\r\n",
    "CL with TE": request("/shop/a", "POST", CHUNKED + "Content-Length: 5\r\n") + b"0\r\n\r\n",
    "a bare LF": b"GET /shop/a HTTP/1.1\nHost: x\n\n",
    "a bare CR": b"GET /shop/a HTTP/1.1\r\nHost: x\rX: y\r\n\r\n",
    "a fold": b"GET /shop/a HTTP/1.1\r\nHost: x\r\n y\r\n\r\n",
    "two blank lines": b"\r\n\r\n" + request("/shop/a"),
    "a bad chunk": request(ABORTED, "POST", CHUNKED) + b"0x3\r\nabc\r\n0\r\n\r\n",
    "chunk without CRLF": request(ABORTED, "POST", CHUNKED) + b"3\r\nabcXX0\r\n\r\n",
    "a bad method": b"FROB /shop/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "HTTP/2.0": b"GET /shop/a HTTP/2.0\r\nHost: x\r\n\r\n",
    "junk": b"\x16\x03\x01",
}
RESPONSES: dict[str, bytes] = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:\r\n\r\nhello",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "interim": b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
    "two CL": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 1\n\na",
    "not HTTP": b"SSH-2.0-OpenSSH\r\n",
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}
FACTS = ("outcome", "status", "route", "method", "bytes_in", "reason", "decision", "object_hash")
STABLE = ("via", "connection", "content-length", "link", "x-a")


def behaviour(stage: Stage, upstream: Upstream, pieces: list[bytes]) -> tuple[object, ...]:
    """What a client, the upstream and the events tell of a request that was sent in pieces."""
    stage.rows.clear()
    upstream.seen.clear()
    client = stage.connect()
    answer = b""
    try:
        for piece in pieces:
            client.send(piece)
        answer = read_to_end(client)
    except OSError:
        pass
    wait_until(lambda: stage.listener.open_requests == 0)
    client.close()
    statuses = tuple(part[:3] for part in answer.split(b"HTTP/1.1 ")[1:])
    facts = tuple(tuple(column(row, name) for name in FACTS) for row in stage.rows)
    seen = tuple((each.line, each.body) for each in upstream.seen if each.target != ABORTED)
    return statuses, facts, seen


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_may_come_byte_by_byte(stage: Stage, upstream: Upstream, name: str) -> None:
    data = REQUESTS[name]
    whole = behaviour(stage, upstream, [data])
    bytewise = behaviour(stage, upstream, [data[at : at + 1] for at in range(len(data))])
    assert bytewise == whole


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_may_be_split_at_any_point(stage: Stage, upstream: Upstream, name: str) -> None:
    data = REQUESTS[name]
    whole = behaviour(stage, upstream, [data])
    for at in range(1, len(data)):
        assert behaviour(stage, upstream, [data[:at], data[at:]]) == whole, at


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_may_be_split_at_any_point(stage: Stage, upstream: Upstream, name: str) -> None:
    data = RESPONSES[name]
    cuts: list[list[bytes]] = [[data], [data[at : at + 1] for at in range(len(data))]]
    cuts += [[data[:at], data[at:]] for at in range(1, len(data))]
    told = {tuple(relay(stage, upstream, pieces)) for pieces in cuts}
    assert len(told) == 1, told


def relay(stage: Stage, upstream: Upstream, pieces: list[bytes]) -> list[object]:
    """What the client and the event tell of a response that was said in pieces."""
    stage.rows.clear()

    def say(conversation: Conversation, seen: Seen) -> bool:
        for piece in pieces:
            conversation.say(piece)
        return False

    upstream.scripts["a"] = say
    conversation = Conversation(stage.connect())
    conversation.sock.sendall(request("/shop/a", fields=CLOSE))
    (row,) = stage.events(1)
    told = [column(row, fact) for fact in FACTS]
    if column(row, "outcome") == Outcome.UPSTREAM_MALFORMED:
        return [*told, read_to_end(conversation.sock)[:13]]
    status = 0
    while status < 200:
        reply = read_reply(conversation)
        status = reply.status
        told += [status, reply.body, *(tuple(reply.values(name)) for name in STABLE)]
    conversation.sock.close()
    return told
