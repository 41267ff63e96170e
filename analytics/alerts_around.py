"""What the alerts ask of the rest of the process, from before the warehouse was there on."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

from analytics.alerts import Around
from analytics.conditions import Condition
from analytics.control import Unreachable
from analytics.loop import Loop
from analytics.proposer import Proposer
from analytics.publisher import RENEW_EVERY_S, Publisher
from kernel.control import LeaseAnswer

ALONE_AFTER_S = 5.0  # without a tick: what keeps the loop from it is to be told


class Control(Protocol):
    """What is asked of the console: see analytics.control.Control. Raises Unreachable."""

    def lease(self, ttl_s: float) -> LeaseAnswer: ...


class Surroundings:
    """Answers for a loop that may not be there yet. Before its first tick nobody else asks for the lease:
    it is asked for here then, if that takes long. `control` None: there is no lease.
    """

    def __init__(
        self,
        control: Control | None,
        *,
        conditions: Callable[[float], Sequence[Condition]],
        monotonic: Callable[[], float],
        lease_s: float,
    ) -> None:
        self._control = control
        self._monotonic = monotonic
        self._lease_s = lease_s
        self._parts: tuple[Loop, Publisher, Proposer] | None = None
        self._ask_at = monotonic() + ALONE_AFTER_S
        self._is_ours = False
        self.around = Around(
            leads=self._leads, is_behind=self._is_behind, proposed=self._proposed, conditions=conditions
        )

    def join(self, loop: Loop, publisher: Publisher, proposer: Proposer) -> None:
        """The warehouse is there, and so is what looks at it."""
        self._parts = loop, publisher, proposer

    def _leads(self) -> bool:
        if self._parts is not None and self._parts[0].counters.ticks:
            return self._parts[1].is_active
        now = self._monotonic()
        if now >= self._ask_at:
            self._ask_at = now + RENEW_EVERY_S
            self._is_ours = self._asked()
        return self._is_ours

    def _asked(self) -> bool:
        """Whether the lease is ours; as in the loop, who cannot ask goes on."""
        if self._control is None:
            return True
        with contextlib.suppress(Unreachable):
            return self._control.lease(self._lease_s).held
        return True

    def _is_behind(self) -> bool:
        return self._parts is None or self._parts[0].is_behind

    def _proposed(self, finding: str) -> str:
        return "" if self._parts is None else self._parts[2].about(finding)
