"""One exchange without sockets: what is sent when, and what is retried."""

import pytest

from kernel.events import NAMES, Flag, Outcome
from proxy.exchange import BODY_GRACE_S, LEAST_BODY_BYTES_PER_S
from proxy.upstream import UpstreamConnection
from tests.proxy.fakes import column, request
from tests.proxy.wires import OK, Bench


def finals(bench: Bench) -> list[object]:
    """Outcomes of the final events."""
    return [outcome for outcome in bench.outcomes if outcome]


async def test_head_and_body_go_out_in_one_write_each_way() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a", "POST", body=b"abc"))
    assert bench.upstream.written.endswith(b"\r\n\r\nabc")
    bench.idle.data_received(OK)
    assert bench.client.written.endswith(b"\r\n\r\nok")


async def test_the_request_waits_for_its_connection() -> None:
    bench = Bench()
    bench.pool.idle.clear()
    bench.connection.data_received(request("/shop/a", "POST", "Content-Length: 6\r\n") + b"abc")
    bench.connection.data_received(b"def")
    exchange = bench.connection.exchange
    assert exchange is not None
    exchange.connected(bench.connect())
    assert bench.upstream.written.endswith(b"\r\n\r\nabcdef")


async def test_a_body_that_waits_is_bounded() -> None:
    bench = Bench()
    bench.pool.idle.clear()
    bench.connection.data_received(request("/shop/a", "POST", "Content-Length: 900000\r\n"))
    bench.connection.data_received(b"x" * 70_000)
    assert bench.client.paused
    exchange = bench.connection.exchange
    assert exchange is not None
    exchange.connected(bench.connect())
    assert not bench.client.paused


@pytest.mark.parametrize(
    ("sent", "later", "repeated"),
    [
        (request("/shop/a"), b"", True),
        (request("/shop/a", "DELETE"), b"", True),
        (request("/shop/a", "PUT", body=b"abc"), b"", True),
        (request("/shop/a", "POST", body=b"abc"), b"", False),
        (request("/shop/a", "POST", "Content-Length: 0\r\n"), b"", False),
        (request("/shop/a", "POST", "Content-Length: 3\r\n"), b"", True),  # no byte of it was sent
        (request("/shop/a", "PUT", "Content-Length: 6\r\n") + b"abc", b"def", False),  # not kept
    ],
)
async def test_only_what_is_safe_is_repeated(sent: bytes, later: bytes, repeated: bool) -> None:
    bench = Bench()
    bench.connection.data_received(sent)
    if later:
        bench.connection.data_received(later)
    bench.idle.connection_lost(None)
    exchange = bench.connection.exchange
    assert (exchange is not None) == repeated
    if exchange is not None:
        bench.upstream.written = b""
        exchange.connected(bench.connect())
        assert bench.upstream.written.startswith(sent[:4])


async def test_a_byte_of_the_response_forbids_a_repetition() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.idle.data_received(b"H")
    bench.idle.connection_lost(None)
    assert bench.outcomes == [Outcome.UPSTREAM_RESET]


async def test_a_fresh_connection_that_fails_is_not_stale() -> None:
    bench = Bench()
    bench.pool.idle.clear()
    bench.connection.data_received(request("/shop/a"))
    exchange = bench.connection.exchange
    assert exchange is not None
    fresh = bench.connect()
    exchange.connected(fresh)
    fresh.connection_lost(ConnectionResetError())
    assert bench.outcomes == [Outcome.UPSTREAM_RESET]


async def test_a_slow_side_pauses_the_other() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a", "POST", "Content-Length: 6\r\n") + b"abc")
    bench.idle.pause_writing()
    assert bench.client.paused
    bench.idle.resume_writing()
    assert not bench.client.paused
    bench.connection.data_received(b"def")
    bench.idle.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
    bench.connection.pause_writing()
    assert bench.upstream.paused
    bench.connection.resume_writing()
    assert not bench.upstream.paused


async def test_the_event_waits_until_the_client_reads_again() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.connection.pause_writing()
    bench.idle.data_received(OK)
    assert bench.outcomes == []
    assert bench.pool.idle == [bench.idle]  # the upstream need not wait
    bench.connection.resume_writing()
    assert bench.outcomes == [Outcome.COMPLETED]


async def test_an_early_response_is_flagged_and_reuses_neither_side() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a", "POST", "Content-Length: 6\r\n") + b"abc")
    bench.idle.data_received(OK)
    assert b"connection: close\r\n" in bench.client.written
    assert bench.upstream.aborted
    assert not bench.pool.idle
    (row,) = bench.gateway.sink.rows
    flags = row[NAMES.index("flags")]
    assert isinstance(flags, int)
    assert flags & Flag.EARLY_RESPONSE


TRICKLE = request("/shop/a", "POST", "Content-Length: 900000\r\n")


async def test_a_body_that_trickles_is_given_up_after_its_grace() -> None:
    bench = Bench()
    bench.connection.data_received(TRICKLE)
    for _ in range(round(BODY_GRACE_S)):
        assert finals(bench) == []
        bench.connection.data_received(b"x")
        bench.pass_time(1)
    bench.pass_time(1)
    assert finals(bench) == [Outcome.BODY_TIMEOUT]
    assert bench.client.written.startswith(b"HTTP/1.1 408 ")


async def test_a_body_at_the_least_rate_goes_on() -> None:
    bench = Bench()
    bench.connection.data_received(TRICKLE)
    for _ in range(60):
        bench.connection.data_received(b"x" * LEAST_BODY_BYTES_PER_S)
        bench.pass_time(1)
    assert finals(bench) == []


async def test_what_the_upstream_does_not_read_is_not_held_against_the_client() -> None:
    bench = Bench()
    bench.connection.data_received(TRICKLE)
    bench.connection.data_received(b"x")
    bench.pass_time(10)
    bench.idle.pause_writing()
    bench.pass_time(14)
    bench.idle.resume_writing()
    bench.pass_time(14)
    bench.connection.data_received(b"x")
    assert finals(bench) == []
    bench.pass_time(7)
    assert finals(bench) == [Outcome.BODY_TIMEOUT]


def times_us(bench: Bench) -> tuple[int, int, int]:
    """(duration, upstream's part, to its first byte) of the last event."""
    row = bench.gateway.sink.rows[-1]
    return column(row, "duration_us"), column(row, "upstream_us"), column(row, "ttfb_us")


def answer_after(bench: Bench, upstream: UpstreamConnection, seconds: float) -> None:
    """The upstream answers in that time from now on."""
    bench.clock.now += seconds
    upstream.data_received(OK)


async def test_connecting_is_the_upstreams_time() -> None:
    bench = Bench()
    bench.pool.idle.clear()
    bench.connection.data_received(request("/shop/a"))
    exchange = bench.connection.exchange
    assert exchange is not None
    bench.clock.now += 1.0  # its backlog is full
    fresh = bench.connect()
    exchange.connected(fresh)
    answer_after(bench, fresh, 0.25)
    assert times_us(bench) == (1_250_000, 1_250_000, 1_250_000)


async def test_waiting_for_a_connection_of_the_pool_is_the_upstreams_time() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/first"))
    answer_after(bench, bench.idle, 0.25)
    assert times_us(bench) == (250_000, 250_000, 250_000)
    bench.pool.most = 1
    taken = bench.pool.take()
    assert taken is not None
    bench.connection.data_received(request("/shop/a"))
    bench.clock.now += 2.0
    bench.pool.release(taken)
    answer_after(bench, taken, 0.5)
    assert times_us(bench) == (2_500_000, 2_500_000, 2_500_000)


async def test_a_try_on_a_stale_connection_is_the_upstreams_time() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.clock.now += 0.5
    bench.idle.connection_lost(None)
    exchange = bench.connection.exchange
    assert exchange is not None
    bench.clock.now += 1.0
    fresh = bench.connect()
    exchange.connected(fresh)
    answer_after(bench, fresh, 0.25)
    assert times_us(bench) == (1_750_000, 1_750_000, 1_750_000)
    assert column(bench.gateway.sink.rows[-1], "retries") == 1


@pytest.mark.parametrize("timed_out", [True, False])
async def test_a_connection_that_never_came_took_the_upstreams_time(timed_out: bool) -> None:
    bench = Bench()
    bench.pool.idle.clear()
    bench.connection.data_received(request("/shop/a"))
    exchange = bench.connection.exchange
    assert exchange is not None
    bench.clock.now += 3.0
    exchange.connect_failed(timed_out)
    assert times_us(bench) == (3_000_000, 3_000_000, 0)


async def test_a_body_that_begins_with_its_head_is_checked_in_the_gateways_time() -> None:
    bench = Bench()
    bench.connection.data_received(request("/small/a", "POST", "Content-Length: 101\r\n") + b"abc")
    assert times_us(bench)[1:] == (0, 0)
