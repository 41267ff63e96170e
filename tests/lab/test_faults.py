"""lab.faults: a switch that is not taken is told."""

import random

import pytest

from lab.echo import Echo
from lab.faults import NotSwitched, switch
from lab.shop import Fault
from tests.lab.serving import serving_protocol


async def test_an_upstream_without_a_switch_is_told() -> None:
    async with serving_protocol(lambda: Refuser(random.Random(1))) as place:
        with pytest.raises(NotSwitched, match="404"):
            await switch(*place, Fault())


async def test_a_shop_that_is_gone_is_told() -> None:
    async with serving_protocol(lambda: Echo(random.Random(1))) as place:
        pass
    with pytest.raises(NotSwitched, match="does not answer"):
        await switch(*place, Fault())


class Refuser(Echo):
    """Answers 404 to everything."""

    def on_message_begin(self) -> None:
        self._told = (404, 0)
