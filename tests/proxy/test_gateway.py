"""The gateway: owners of state, and whether new connections are welcome."""

from typing import cast

from kernel.addresses import parse_address
from kernel.decide import Facts, decide
from proxy.contract import Gateway as Needed
from proxy.gateway import Traffic, nobody_answers
from tests.proxy.around import POLICY, gateway_with, snapshot_of


def test_it_is_what_the_transport_needs() -> None:
    needed: Needed = gateway_with()
    assert not needed.answers("GET", "host", "/")
    assert not nobody_answers("GET", "", "/")
    assert needed.random_bits(128) == 1
    assert needed.monotonic() == needed.clock()


def test_it_is_ready_once_it_serves_and_until_it_drains() -> None:
    gateway = gateway_with()
    assert not gateway.is_ready
    gateway.transport = cast(Traffic, object())
    assert gateway.is_ready
    gateway.draining = True
    assert not gateway.is_ready


def test_a_reload_keeps_limiter_state() -> None:
    gateway = gateway_with()
    client = parse_address("10.0.0.9")
    assert client is not None
    facts = Facts(0, client, "ip:10.0.0.9", "none", None, -1, ())
    for _ in range(5):
        assert not decide(facts, gateway.holder.snapshot, gateway.limiter, 1_000.0).reason
    gateway.holder.apply(snapshot_of(POLICY + "# changed\n"), "test", 1_000.0)
    assert decide(facts, gateway.holder.snapshot, gateway.limiter, 1_000.0).status == 429
