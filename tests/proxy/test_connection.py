"""One client connection, without a socket: reading, holding, lingering, deadlines."""

from kernel.events import Outcome
from proxy.connection import LINGER_S, MOST_IN_A_ROW, MOST_LINGER_BYTES
from tests.proxy.fakes import API_KEY, policy_text, request, snapshot_of
from tests.proxy.wires import OK, Bench


async def test_a_keep_alive_connection_serves_one_request_after_the_other() -> None:
    bench = Bench()
    for _ in range(3):
        bench.connection.data_received(request("/shop/a"))
        bench.idle.data_received(OK)
    assert bench.client.written.count(b"HTTP/1.1 200 OK") == 3
    assert bench.outcomes == [Outcome.COMPLETED] * 3
    assert bench.pool.idle == [bench.idle]


async def test_the_same_head_under_another_snapshot_is_read_again() -> None:
    bench = Bench()
    for _ in range(2):
        bench.connection.data_received(request("/shop/a", fields=f"X-Api-Key: {API_KEY}\r\n"))
        bench.idle.data_received(OK)
    remembered = bench.connection.last
    assert remembered is not None
    bench.gateway.holder.snapshot = snapshot_of(policy_text(9, extra="api_key_header: X-Other-Key\n"))
    bench.connection.data_received(request("/shop/a", fields=f"X-Api-Key: {API_KEY}\r\n"))
    assert bench.connection.last is not remembered
    assert b"X-Api-Key" in bench.upstream.written.rpartition(b"GET ")[2]


async def test_an_idle_connection_is_closed_after_its_time() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.idle.data_received(OK)
    bench.pass_time(74)
    assert not bench.client.closed
    bench.pass_time(2)
    assert bench.client.closed
    assert len(bench.outcomes) == 1


async def test_bytes_that_trickle_do_not_extend_the_heads_deadline() -> None:
    bench = Bench()
    head = b"GET /shop/a HTTP/1.1\r\nX-A: " + b"a" * 200
    for at in range(15):
        bench.connection.data_received(head[at : at + 1])
        bench.pass_time(1)
    assert bench.client.written.startswith(b"HTTP/1.1 408 ")
    assert bench.outcomes == [Outcome.HEAD_TIMEOUT]


async def test_many_refused_requests_in_one_read_let_others_run() -> None:
    bench = Bench()
    bench.connection.data_received(request("/nowhere") * (MOST_IN_A_ROW + 5))
    assert len(bench.outcomes) == MOST_IN_A_ROW
    assert bench.client.paused
    bench.connection._resume_held()
    assert len(bench.outcomes) == MOST_IN_A_ROW + 5
    assert not bench.client.paused


async def test_nothing_is_answered_to_a_client_that_does_not_read() -> None:
    bench = Bench()
    bench.connection.pause_writing()
    bench.connection.data_received(request("/nowhere") * 2)
    assert bench.outcomes == []
    bench.connection.resume_writing()
    assert len(bench.outcomes) == 2


async def test_after_an_early_answer_the_client_may_finish_and_is_cut_in_the_end() -> None:
    bench = Bench()
    bench.connection.data_received(b"GET /shop/a HTTP/1.1\r\n\r\n")
    assert bench.client.ended
    assert not bench.client.closed
    bench.connection.data_received(b"x" * 1_000)
    bench.pass_time(LINGER_S + 0.5)
    assert bench.client.aborted


async def test_a_lingering_client_does_not_send_for_ever() -> None:
    bench = Bench()
    bench.connection.data_received(b"GET /shop/a HTTP/1.1\r\n\r\n")
    bench.connection.data_received(b"x" * (MOST_LINGER_BYTES + 1))
    assert bench.client.aborted


async def test_shutting_down_closes_idle_connections_and_lets_others_end() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.connection.shutdown()
    assert not bench.client.closed
    bench.idle.data_received(OK)
    assert b"connection: close\r\n" in bench.client.written
    assert bench.client.closed
    idle = Bench()
    idle.connection.shutdown()
    assert idle.client.closed


async def test_a_lost_connection_leaves_nothing_behind() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.connection.connection_lost(ConnectionResetError())
    assert bench.outcomes == [Outcome.CLIENT_GONE_WAITING]
    assert not bench.served.connections
    assert not bench.listener.connections
    assert bench.upstream.aborted
    assert len(bench.listener.wheel) == 1  # the pool's own sweep
