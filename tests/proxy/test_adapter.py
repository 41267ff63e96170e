"""The ASGI adapter: one request in, one response out, one event."""

import asyncio
from typing import Any

import pytest

from kernel.events import Flag
from proxy.gateway import Gateway
from proxy.upstream import UpstreamConnection
from tests.proxy.asgi_calls import OK, calling, outcomes
from tests.proxy.fakes import full_port

POLICY = """\
upstreams:
  - {name: shop, url: "http://127.0.0.1:{port}"}
routes:
  - {name: orders, path: "/orders/{id}", upstream: shop, max_body_bytes: 100}
limits:
  - {name: per-client, rate: 1/s, burst: 3}
timeouts: {first_byte_ms: 200, idle_ms: 200, connect_ms: 500, body_idle_ms: 200}
"""


async def test_a_request_is_relayed_and_told_with_the_adapters_flag() -> None:
    async with calling(OK, policy=POLICY) as caller:
        response = await caller.ask(fields=[(b"accept", b"*/*")])
        assert (response.status, response.body, response.is_whole) == (200, b"hello", True)
        assert response.fields[b"content-length"] == b"5"
        assert response.fields[b"via"] == b"1.1 tidegate"
        assert response.fields[b"ratelimit"].startswith(b'"per-client";r=2')
        assert b"accept: */*\r\n" in caller.upstream.heads[0]
        assert b"x-forwarded-for: 10.0.0.9\r\n" in caller.upstream.heads[0]
        (row,) = caller.rows
        assert (row["outcome"], row["route"], row["bytes_out"]) == ("completed", "orders", 5)
        assert row["flags"] & Flag.ADAPTER
        assert caller.adapter.open_requests == 0
        assert caller.adapter.conversations == set()


async def test_connections_to_the_upstream_are_kept() -> None:
    async with calling(OK, OK, policy=POLICY) as caller:
        await caller.ask()
        await caller.ask()
        assert [bool(row["flags"] & Flag.UPSTREAM_REUSED) for row in caller.rows] == [False, True]


@pytest.mark.parametrize(
    ("method", "path", "fields", "told"),
    [
        ("GET", b"/nowhere", [], (404, "no_route")),
        ("GET", b"/orders/1", [(b"host", b"again")], (400, "bad_request")),
        ("GET", b"/orders/1", [(b"x-api-key", b"wrong")], (401, "refused")),
        ("POST", b"/orders/1", [(b"content-length", b"101")], (413, "body_too_large")),
        ("TRACE", b"/orders/1", [], (501, "bad_request")),
    ],
)
async def test_what_is_refused_is_answered_here_with_one_event(
    method: str, path: bytes, fields: list[tuple[bytes, bytes]], told: tuple[int, str]
) -> None:
    async with calling(policy=POLICY) as caller:
        response = await caller.ask(method, path, fields=fields)
        assert (response.status, outcomes(caller)) == (told[0], [told[1]])
        assert response.is_whole
        assert response.fields[b"content-type"] == b"application/problem+json"
        assert caller.upstream.heads == []


async def test_limits_hold() -> None:
    async with calling(OK, OK, OK, policy=POLICY) as caller:
        responses = [await caller.ask() for _ in range(4)]
        assert [each.status for each in responses] == [200, 200, 200, 429]
        assert int(responses[-1].fields[b"retry-after"]) >= 1


async def test_a_head_request_has_a_length_and_no_body() -> None:
    async with calling(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", OK, policy=POLICY) as caller:
        response = await caller.ask("HEAD")
        assert (response.body, response.fields[b"content-length"]) == (b"", b"5000")
        assert (await caller.ask()).body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
async def test_a_response_without_a_body_promises_none(status: int) -> None:
    async with calling(b"HTTP/1.1 %d X\r\nContent-Length: 7\r\n\r\n" % status, policy=POLICY) as caller:
        response = await caller.ask()
        assert (response.status, response.body, response.is_whole) == (status, b"", True)
        assert b"content-length" not in response.fields


async def test_chunked_responses_and_those_that_end_with_the_connection_are_passed_on() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    closed = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"
    async with calling(chunked, closed, policy=POLICY) as caller:
        for _ in range(2):
            response = await caller.ask()
            assert (response.body, response.is_whole) == (b"hello", True)
            assert b"transfer-encoding" not in response.fields


async def test_a_bodys_length_is_kept_and_an_undeclared_one_is_chunked() -> None:
    async with calling(OK, OK, policy=POLICY) as caller:
        await caller.ask("PUT", fields=[(b"content-length", b"6")], body=[b"abc", b"def"])
        await caller.ask("PUT", fields=[(b"transfer-encoding", b"chunked")], body=[b"abc", b"def"])
        assert caller.upstream.bodies == [b"abcdef", b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"]
        assert [row["bytes_in"] for row in caller.rows] == [6, 6]


async def test_a_streamed_body_over_the_cap_is_refused() -> None:
    async with calling(policy=POLICY) as caller:
        response = await caller.ask(
            "PUT", fields=[(b"transfer-encoding", b"chunked")], body=[b"x" * 60, b"x" * 60, b""]
        )
        assert (response.status, outcomes(caller)) == (413, ["body_too_large"])


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [(b"nonsense", "upstream_malformed"), (None, "upstream_reset")],
)
async def test_an_upstream_without_a_response_is_told(answer: bytes | None, outcome: str) -> None:
    async with calling(answer, policy=POLICY) as caller:
        response = await caller.ask()
        assert (response.status, response.is_whole, outcomes(caller)) == (502, True, [outcome])


async def test_a_stale_connection_is_tried_once_more() -> None:
    async with calling(OK, None, OK, policy=POLICY) as caller:
        await caller.ask()
        assert (await caller.ask()).status == 200
        assert [row["retries"] for row in caller.rows] == [0, 1]


async def test_a_truncated_response_is_not_ended_in_good_order() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nhalf"
    async with calling(cut, policy=POLICY) as caller:
        response = await caller.ask()
        assert (response.status, response.body, response.is_whole) == (200, b"half", False)
        assert outcomes(caller) == ["upstream_truncated"]


async def test_an_upstream_that_does_not_answer_is_given_up() -> None:
    async with calling(policy=POLICY) as caller:
        response = await caller.ask()
        assert (response.status, outcomes(caller)) == (504, ["first_byte_timeout"])


async def test_an_upstream_that_stalls_is_given_up() -> None:
    stalled = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
    async with calling(stalled, policy=POLICY) as caller:
        response = await caller.ask()
        assert not response.is_whole
        assert outcomes(caller) == ["response_timeout"]


async def test_a_dead_upstream_is_told() -> None:
    async with calling(policy=POLICY.replace("{port}", "1")) as caller:
        response = await caller.ask()
        assert (response.status, outcomes(caller)) == (502, ["connect_failed"])


async def test_a_request_body_that_stalls_is_given_up() -> None:
    async with calling(policy=POLICY) as caller:
        response = await caller.ask("PUT", fields=[(b"content-length", b"6")])
        assert (response.status, outcomes(caller)) == (408, ["body_timeout"])


async def test_a_hang_up_within_the_body_is_told() -> None:
    async with calling(policy=POLICY) as caller:
        caller.disconnected.set()
        response = await caller.ask("PUT", fields=[(b"content-length", b"6")])
        assert response.messages == []
        assert outcomes(caller) == ["client_gone_body"]


async def test_a_hang_up_while_waiting_is_noticed() -> None:
    patient = POLICY.replace("first_byte_ms: 200", "first_byte_ms: 20000")
    async with calling(policy=patient) as caller:
        caller.disconnected.set()
        response = await caller.ask()
        assert response.messages == []
        assert outcomes(caller) == ["client_gone_waiting"]


async def test_a_server_that_cannot_send_any_more_means_a_hang_up() -> None:
    async def send(message: Any) -> None:
        raise BrokenPipeError

    async with calling(OK, policy=POLICY) as caller:
        await caller.call("GET", b"/orders/1", ([], ()), send)
        assert outcomes(caller) == ["client_gone_response"]


async def test_a_bug_is_told_as_crashed_and_answered_with_500() -> None:
    def buggy(*_: object) -> bool:
        raise ZeroDivisionError

    async with calling(policy=POLICY, answers=buggy) as caller:
        response = await caller.ask("GET", b"/nowhere")
        assert (response.status, outcomes(caller)) == (500, ["crashed"])
        assert caller.adapter.crashes == 1


async def test_a_bug_beside_the_delivery_is_told_as_crashed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def buggy(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("proxy.conversation.AsgiExchange.take_piece", buggy)
    async with calling(policy=POLICY) as caller:
        response = await caller.ask("PUT", fields=[(b"content-length", b"6")], body=[b"abcdef"])
        assert (response.status, outcomes(caller)) == (500, ["crashed"])
        assert caller.adapter.crashes == 1
        await caller.upstream.met.wait()  # the connection was dialled meanwhile, and is kept


async def test_a_server_that_gives_up_a_request_drains_it() -> None:
    async with calling(policy=POLICY) as caller:
        asking = asyncio.create_task(caller.ask())
        await caller.upstream.heard.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert outcomes(caller) == ["drained"]


async def test_a_cut_ends_open_requests() -> None:
    async with calling(policy=POLICY) as caller:
        asking = asyncio.create_task(caller.ask())
        await caller.upstream.heard.wait()
        caller.adapter.cut()
        assert not (await asking).is_whole
        assert outcomes(caller) == ["drained"]


async def test_what_no_route_takes_and_a_handler_does_is_answered_by_it() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"mine"})

    async with calling(policy=POLICY, app=app, answers=lambda method, host, path: path == "/mine") as caller:
        response = await caller.ask("GET", b"/mine")
        assert (response.status, response.body) == (201, b"mine")
        assert outcomes(caller) == ["answered"]
        (row,) = caller.rows
        assert row["bytes_out"] == 4
        assert 0 <= row["ttfb_us"] <= row["upstream_us"] <= row["duration_us"]


async def test_waiting_for_a_connection_is_the_upstreams_time() -> None:
    policy = POLICY.replace('{port}"}', '{port}", max_connections: 1}').replace(
        "connect_ms: 500", "connect_ms: 60000"
    )
    async with calling(OK, policy=policy) as caller:
        gateway = caller.adapter.gateway
        assert isinstance(gateway, Gateway)
        real = gateway.monotonic
        pool = caller.adapter.upstreams.pool("127.0.0.1", caller.upstream.port, 1)
        pool.open = 1  # somebody else has the only one
        asking = asyncio.create_task(caller.ask())
        await asyncio.sleep(0)
        assert pool.waiting
        gateway.monotonic = lambda: real() + 30.0
        pool.forget(UpstreamConnection(pool))
        assert (await asking).status == 200
        (row,) = caller.rows
        assert 30_000_000 <= row["ttfb_us"] <= row["upstream_us"] <= row["duration_us"]


async def test_an_upstream_that_does_not_accept_took_its_time() -> None:
    with full_port() as port:
        async with calling(policy=POLICY.replace("{port}", str(port))) as caller:
            assert (await caller.ask()).status == 504
            (row,) = caller.rows
            assert (row["outcome"], row["ttfb_us"]) == ("connect_timeout", 0)
            assert row["upstream_us"] > row["duration_us"] / 2


async def test_a_repeated_scope_is_read_once_and_another_one_anew() -> None:
    async with calling(OK, OK, OK, policy=POLICY) as caller:
        fields = [(b"accept", b"*/*")]
        await caller.ask(fields=fields)
        await caller.ask(fields=fields)
        (origin,) = caller.adapter.origins.values()
        remembered = origin.last
        fields[0] = (b"accept", b"text/html")  # as a handler may do with its scope's list
        assert origin.last is remembered
        await caller.ask(fields=fields)
        assert origin.last is not remembered
        assert b"accept: text/html\r\n" in caller.upstream.heads[2]
        assert [b"accept: */*\r\n" in head for head in caller.upstream.heads] == [True, True, False]
