"""The listener of the native transport: what it tells the gateway around it."""

from kernel.events import Outcome
from tests.proxy.fakes import policy_text, request, snapshot_of
from tests.proxy.wires import Bench


async def test_open_requests_and_addresses_are_told() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a", "POST", "Content-Length: 3\r\n"))
    assert (bench.listener.open_requests, bench.listener.open_connections) == (1, 1)
    assert bench.listener.top_addresses(5) == ("127.0.0.1 1 1",)
    bench.connection.data_received(b"abc")
    assert bench.listener.top_addresses(5) == ("127.0.0.1 1 0",)


async def test_addresses_follow_the_policys_privacy() -> None:
    bench = Bench()
    bench.gateway.holder.snapshot = snapshot_of(policy_text(9, extra="telemetry: {addresses: truncated}\n"))
    assert bench.listener.top_addresses(5) == ("127.0.0.0 1 0",)


async def test_a_snapshot_is_prepared_once() -> None:
    bench = Bench()
    prepared = bench.listener.current()
    assert bench.listener.current() is prepared
    bench.gateway.holder.snapshot = snapshot_of(policy_text(10))
    assert bench.listener.current() is not prepared


async def test_a_request_keeps_the_snapshot_that_judged_it() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    exchange = bench.connection.exchange
    assert exchange is not None
    before = exchange.prepared.snapshot
    bench.gateway.holder.snapshot = snapshot_of(policy_text(10))
    assert exchange.prepared.snapshot is before


async def test_cutting_ends_every_request_as_drained() -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    bench.listener.cut()
    assert bench.outcomes == [Outcome.DRAINED]
    assert bench.client.aborted
    assert bench.upstream.aborted


async def test_decision_ids_name_worker_boot_and_number() -> None:
    bench = Bench()
    bench.connection.data_received(request("/nowhere"))
    assert b"\r\nx-request-id: w1-b007-1\r\n" in bench.client.written


async def test_connections_are_counted_by_address_and_forgotten() -> None:
    bench = Bench()
    assert bench.listener.by_identity == {"ip:127.0.0.1": 1}
    bench.connection.connection_lost(None)
    assert bench.listener.by_identity == {}
    bench.connection.connection_lost(None)
    assert bench.listener.by_identity == {}
