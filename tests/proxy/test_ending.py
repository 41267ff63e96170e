"""How exchanges end, on clocks that are set: deadlines, interim reports, exactly one event."""

import pytest

from kernel.events import NAMES, Outcome
from proxy.ending import MOST_SKIPPED_BYTES
from tests.proxy.fakes import request
from tests.proxy.wires import OK, Bench

PART = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"


async def test_an_exchange_ends_once() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    exchange = bench.connection.exchange
    assert exchange is not None
    bench.idle.data_received(OK)
    exchange.client_gone()
    exchange.fail(Outcome.TOTAL_TIMEOUT, 504)
    exchange.drain()
    exchange.finish(Outcome.CRASHED)
    assert bench.outcomes == [Outcome.COMPLETED]
    assert bench.listener.open_requests == 0


@pytest.mark.parametrize(
    ("sent", "said", "seconds", "outcome"),
    [
        (request("/shop/a"), b"", 31, Outcome.FIRST_BYTE_TIMEOUT),
        (request("/shop/a"), PART, 31, Outcome.RESPONSE_TIMEOUT),
        (request("/shop/a", "POST", "Content-Length: 3\r\n"), b"", 16, Outcome.BODY_TIMEOUT),
    ],
)
async def test_each_phase_has_its_deadline(sent: bytes, said: bytes, seconds: int, outcome: Outcome) -> None:
    bench = Bench()
    bench.connection.data_received(sent)
    if said:
        bench.idle.data_received(said)
    bench.pass_time(seconds - 2)
    assert outcome not in bench.outcomes
    bench.pass_time(3)
    assert bench.outcomes[-1] == outcome
    assert bench.upstream.aborted


async def test_progress_extends_a_phase_but_not_the_whole() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.idle.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(29):
        bench.pass_time(10)
        bench.idle.data_received(b"x")
    assert Outcome.TOTAL_TIMEOUT not in bench.outcomes
    bench.pass_time(11)
    assert bench.outcomes[-1] == Outcome.TOTAL_TIMEOUT
    assert bench.client.closed


async def test_a_long_exchange_is_reported_every_ten_seconds() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.pass_time(25)
    bench.idle.data_received(OK)
    interim = [row[NAMES.index("interim")] for row in bench.gateway.sink.rows]
    assert interim == [1, 1, 0]
    assert {row[NAMES.index("seq")] for row in bench.gateway.sink.rows} == {1}


async def test_a_refused_body_is_read_past_and_the_connection_goes_on() -> None:
    bench = Bench()
    bench.connection.data_received(request("/nowhere", "POST", "Content-Length: 10\r\n") + b"01234")
    assert b"404" in bench.client.written
    bench.connection.data_received(b"56789" + request("/nowhere"))
    assert bench.client.written.count(b"HTTP/1.1 404") == 2
    assert not bench.client.closed


async def test_a_refused_body_that_does_not_come_ends_the_connection() -> None:
    bench = Bench()
    bench.connection.data_received(request("/nowhere", "POST", "Content-Length: 10\r\n") + b"01234")
    bench.pass_time(17)
    assert bench.client.closed


@pytest.mark.parametrize(
    "fields",
    [f"Content-Length: {MOST_SKIPPED_BYTES + 1}\r\n", "Expect: 100-continue\r\nContent-Length: 3\r\n"],
)
async def test_a_refused_body_that_is_big_or_held_back_is_not_waited_for(fields: str) -> None:
    bench = Bench()
    bench.connection.data_received(request("/nowhere", "POST", fields))
    assert b"connection: close\r\n" in bench.client.written
    assert bench.client.ended


async def test_a_crash_is_counted_and_answered() -> None:
    bench = Bench()
    bench.gateway.limiter = None  # type: ignore[assignment]  # a bug
    bench.connection.data_received(request("/limited/a"))
    assert bench.client.written.startswith(b"HTTP/1.1 500 ")
    assert bench.outcomes == [Outcome.CRASHED]
    assert bench.listener.crashes == 1
