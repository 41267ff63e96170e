"""Both sides of the contract are what they say: mypy checks the shapes, here are the promises."""

import asyncio

from proxy.contract import Gateway, Transport
from proxy.native import Listener
from tests.proxy.around import gateway_with
from tests.proxy.fakes import FakeGateway, policy_text, snapshot_of


async def test_the_gateway_and_its_fake_serve_the_transport() -> None:
    fake: Gateway = FakeGateway(snapshot_of(policy_text(1)))
    real: Gateway = gateway_with()
    for gateway in (fake, real):
        transport: Transport = Listener(gateway)
        assert (transport.open_requests, transport.open_connections) == (0, 0)
        assert transport.top_addresses(3) == ()
        transport.start()
        transport.cut()
        transport.close()
        await asyncio.sleep(0)


def test_numbers_of_requests_begin_at_one() -> None:
    sink = gateway_with().sink
    assert [sink.next_seq(), sink.next_seq()] == [1, 2]
