"""Who leads before the loop's first tick."""

from analytics.alerts_around import ALONE_AFTER_S, Surroundings
from analytics.control import Unreachable
from analytics.publisher import RENEW_EVERY_S
from kernel.control import LeaseAnswer


class Desk:
    """A console that leases to who asks, or not; and the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.is_there = True
        self.holder = "us"
        self.asked = 0

    def read(self) -> float:
        return self.now

    def lease(self, ttl_s: float) -> LeaseAnswer:
        self.asked += 1
        if not self.is_there:
            raise Unreachable
        return LeaseAnswer(self.holder == "us", self.holder, self.now + ttl_s)

    def surroundings(self) -> Surroundings:
        return Surroundings(self, conditions=lambda _: (), monotonic=self.read, lease_s=10.0)


def test_a_loop_that_does_not_tick_for_long_asks_for_the_lease_now_and_then() -> None:
    desk = Desk()
    around = desk.surroundings().around
    assert not around.leads()
    assert desk.asked == 0
    desk.now = ALONE_AFTER_S
    assert around.leads()
    assert around.leads()
    assert desk.asked == 1
    desk.holder = "another"
    desk.now += RENEW_EVERY_S
    assert not around.leads()


def test_without_a_console_who_waits_leads() -> None:
    desk = Desk()
    around = desk.surroundings().around
    desk.is_there, desk.now = False, ALONE_AFTER_S
    assert around.leads()
    alone = Surroundings(None, conditions=lambda _: (), monotonic=desk.read, lease_s=10.0).around
    assert not alone.leads()
    desk.now += ALONE_AFTER_S
    assert alone.leads()


def test_without_a_loop_nothing_is_judged_and_nothing_is_proposed() -> None:
    around = Desk().surroundings().around
    assert around.is_behind()
    assert around.proposed("f") == ""
