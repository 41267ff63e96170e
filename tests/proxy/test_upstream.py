"""Upstream connections and their pool, without sockets."""

from typing import Any

from proxy.framing import Body
from proxy.response import ResponseHead
from proxy.upstream import IDLE_S, UpstreamConnection
from tests.proxy.wires import OK, Bench


class Asking:
    """Somebody who waits for a response and notes what comes."""

    def __init__(self, body: Body = Body.LENGTH) -> None:
        self.over = False
        self.body = body
        self.told: list[Any] = []

    def connected(self, upstream: UpstreamConnection) -> None:
        self.told.append(upstream)

    def connect_failed(self, timed_out: bool) -> None:
        self.told.append("timed out" if timed_out else "failed")

    def upstream_lost(self, upstream: UpstreamConnection, exc: Exception | None) -> None:
        self.told.append("lost")

    def upstream_malformed(self, why: str) -> None:
        self.told.append(why)

    def upstream_paused(self, is_paused: bool) -> None:
        self.told.append(is_paused)

    def interim(self, status: int, lines: list[bytes]) -> None:
        self.told.append(status)

    def begin_response(self, head: ResponseHead) -> Body:
        self.told.append(head.status)
        return self.body

    def deliver(self, piece: bytes) -> None:
        self.told.append(piece)

    def flush(self) -> None:
        """Nothing is buffered here."""

    def response_complete(self, upstream: UpstreamConnection, *, reusable: bool) -> None:
        self.told.append(reusable)

    def crash(self, bug: Exception) -> None:
        self.told.append(bug)


async def test_a_whole_response_leaves_the_connection_reusable() -> None:
    bench, asking = Bench(), Asking()
    bench.idle.begin(asking, b"GET")
    bench.idle.data_received(OK)
    assert asking.told == [200, b"ok", True]


async def test_surplus_bytes_make_it_unusable() -> None:
    bench, asking = Bench(), Asking()
    bench.idle.begin(asking, b"GET")
    bench.idle.data_received(OK + b"x")
    assert asking.told == [200, b"ok", False]


async def test_bytes_that_nobody_asked_for_close_it() -> None:
    bench = Bench()
    bench.idle.data_received(OK)
    assert bench.upstream.closed


async def test_what_came_before_nonsense_is_delivered() -> None:
    bench, asking = Bench(), Asking(Body.CHUNKED)
    bench.idle.begin(asking, b"GET")
    bench.idle.data_received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nzz\r\n")
    assert asking.told == [200, b"a", "not a chunk size"]


async def test_the_last_used_idle_connection_is_taken_first() -> None:
    bench = Bench()
    second = bench.connect()
    bench.pool.release(second)
    assert bench.pool.take() is second
    assert bench.pool.take() is bench.idle
    assert bench.pool.take() is None


async def test_who_waits_gets_what_is_released() -> None:
    bench = Bench()
    bench.pool.most = 1
    gone, waiting = Asking(), Asking()
    bench.pool.dial(gone, 1.0)
    bench.pool.dial(waiting, 1.0)
    gone.over = True
    taken = bench.pool.take()
    assert taken is not None
    bench.pool.release(taken)
    assert waiting.told == [taken]
    assert not gone.told


async def test_connections_that_idle_too_long_are_closed() -> None:
    bench = Bench()
    bench.pool.idle.clear()
    bench.pool.release(bench.idle)
    bench.pass_time(IDLE_S - 1)
    assert not bench.upstream.closed
    bench.pass_time(10)
    assert bench.upstream.closed


async def test_a_lost_idle_connection_is_forgotten() -> None:
    bench = Bench()
    bench.idle.connection_lost(None)
    assert (bench.pool.idle, bench.pool.open) == ([], 0)


async def test_one_pool_per_address_survives_a_reload() -> None:
    bench = Bench()
    assert bench.listener.upstreams.pool("127.0.0.1", 9, 3) is bench.pool
    assert bench.pool.most == 3
    assert bench.listener.upstreams.pool("127.0.0.1", 10, 3) is not bench.pool
