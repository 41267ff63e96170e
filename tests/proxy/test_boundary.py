"""The boundary: a bug costs one request, wherever the event loop called us."""

import pytest

from kernel.events import Outcome
from tests.proxy.fakes import request
from tests.proxy.wires import OK, Bench


def fail(*_: object) -> float:
    raise ZeroDivisionError("a bug")


async def test_a_bug_in_a_response_fails_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    monkeypatch.setattr("proxy.upstream.read_response_head", fail)
    bench.idle.data_received(OK)
    assert_crashed(bench)


async def test_a_bug_at_a_deadline_fails_its_request_and_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.connection.data_received(request("/shop/a"))
    monkeypatch.setattr("proxy.exchange.Exchange.visit", fail)
    bench.pass_time(31)
    assert_crashed(bench)
    assert bench.client.closed or bench.client.ended


async def test_a_bug_as_a_connection_is_there_fails_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.pool.idle.clear()
    bench.connection.data_received(request("/shop/a"))
    asker = bench.connection.exchange
    assert asker is not None
    bench.pool.waiting.append((asker, 1.0))
    monkeypatch.setattr("proxy.upstream.UpstreamConnection.begin", fail)
    bench.pool.release(bench.idle)
    assert_crashed(bench)


def assert_crashed(bench: Bench) -> None:
    assert bench.outcomes == [Outcome.CRASHED]
    assert bench.client.written.startswith(b"HTTP/1.1 500 ")
    assert bench.listener.crashes == 1
