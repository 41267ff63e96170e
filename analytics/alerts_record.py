"""Steps of deliveries on their way to the warehouse, and what fires written again in today's words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from analytics.alerting import Alert, State
from analytics.alerts_journal import Step
from analytics.delivering import Delivery
from analytics.posting import Clocks
from analytics.telling import Outage
from warehouse.failures import FAILURES

MOST_UNWRITTEN = 10_000
WRITE_AGAIN_S = 1.0
RENEW_EVERY_S = 60.0  # of real time: pages show what fires as it was then

Key = tuple[str, str, State]  # alert's id, sink, state


class Journal(Protocol):
    """Where steps are kept: see analytics.alerts_journal. Raises what the warehouse's client raises."""

    def keep(self, steps: Sequence[Step]) -> None: ...


class Record:
    """Steps on their way to the warehouse; while it is away they wait, the newest of each delivery."""

    def __init__(self, journal: Journal, clocks: Clocks) -> None:
        self._journal = journal
        self._clocks = clocks
        self._tried: dict[Key, Step] = {}  # not settled
        self._settled: dict[Key, Step] = {}  # of what fires
        self._steps: dict[Key, Step] = {}
        self._write_at = float("-inf")
        self._renew_at = float("-inf")
        self._outage = Outage()

    def resume(self, steps: Iterable[Step]) -> None:
        """Deliveries that were taken up, or settled, earlier go on."""
        for step in steps:
            self._remember(step)

    def note(self, delivery: Delivery) -> None:
        """A step to write. What was sent before the alert became graver is no news of the graver one."""
        now, tried = self._clocks.events(), self._tried.get(key_of(delivery))
        if tried is not None and delivery.alert.raised < tried.delivery.alert.raised:
            return
        goes_on = tried is not None and tried.delivery.alert.is_telling(delivery.alert)
        at = tried.at if tried is not None and goes_on else now
        step = Step(delivery, at, now if delivery.is_settled else 0.0)
        self._remember(step)
        self._put(step)

    def renew(self, firing: Mapping[str, Alert]) -> None:
        """What fires, by its id, is written again where it has changed; the other is forgotten."""
        self._settled = {key: step for key, step in self._settled.items() if key[0] in firing}
        now = self._clocks.monotonic()
        if now < self._renew_at:
            return
        self._renew_at = now + RENEW_EVERY_S
        for step in list(self._settled.values()):
            alert = firing[step.delivery.alert.id]
            if step.delivery.alert.is_telling(alert) and step.delivery.alert != alert:
                renewed = msgspec.structs.replace(step.delivery, alert=alert)
                self.resume([msgspec.structs.replace(step, delivery=renewed)])
                self._put(self._settled[key_of(renewed)])

    def write(self, *, is_last: bool = False) -> None:
        """Write what is noted; where that fails it is tried again, after a pause."""
        if not self._steps or (self._clocks.monotonic() < self._write_at and not is_last):
            return
        try:
            self._journal.keep(list(self._steps.values()))
        except FAILURES as failure:
            self._outage.goes_on(failure)
            self._write_at = self._clocks.monotonic() + WRITE_AGAIN_S
        else:
            self._outage.is_over()
            self._steps.clear()

    def forget(self) -> None:
        """Another process writes from now on; what it wrote must stand."""
        self._tried.clear()
        self._settled.clear()
        self._steps.clear()

    def _remember(self, step: Step) -> None:
        key = key_of(step.delivery)
        self._tried.pop(key, None)
        self._settled.pop(key, None)
        if not step.settled_at:
            self._tried[key] = step
        elif step.delivery.alert.state == "firing":
            self._settled[key] = step

    def _put(self, step: Step) -> None:
        self._steps[key_of(step.delivery)] = step
        while len(self._steps) > MOST_UNWRITTEN:
            del self._steps[next(iter(self._steps))]


def key_of(delivery: Delivery) -> Key:
    """What makes a delivery one."""
    return delivery.alert.id, delivery.sink, delivery.alert.state
