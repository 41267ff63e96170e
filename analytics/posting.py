"""One thread for each sink, so that one which is dead or slow never holds another up."""

import logging
import traceback
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread

import msgspec

from analytics.alerting import Alert
from analytics.delivering import Delivery, Queue
from analytics.sinks import NotDelivered, Sink, send
from kernel.boundary import contain

DEADLINE_S = 5.0  # of one exchange
REPEAT_EVERY_S = 60.0  # what fires, to an Alertmanager: well before GOES_ON_S has passed
REPEAT_AGAIN_S = 15.0  # where that failed
LOOK_EVERY_S = 1.0  # after what waits too long

log = logging.getLogger("tidegate.analytics.alerts")


class Clocks(msgspec.Struct, frozen=True):
    """`events`: of what is stored, which a replay makes faster; `real`: what others' clocks show."""

    events: Callable[[], float]
    real: Callable[[], float]
    monotonic: Callable[[], float]


class Postman:
    """Delivers to one sink; how each alert fares is told to `fared`, from the thread."""

    def __init__(
        self, sink: Sink, *, clocks: Clocks, jitter: Callable[[], float], fared: Callable[[Delivery], None]
    ) -> None:
        self.sink = sink
        self._clocks = clocks
        self._jitter = jitter
        self._fared = fared
        self._lock = Lock()
        self._queue = self._empty()
        self._firing: Sequence[Alert] = ()
        self._repeat_at = float("-inf")
        self._repeats_fail = False
        self._woken = Event()
        self._ends_at: float | None = None
        self._thread = Thread(target=self._run, name=f"alerts to {sink.name}", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def put(self, alert: Alert, *, tried: int = 0) -> None:
        """Take an alert up."""
        with self._lock:
            settled = self._queue.put(alert, self._clocks.monotonic(), tried)
        for each in settled:
            self._fared(each)
        self._woken.set()

    def repeat(self, firing: Sequence[Alert], *, at_once: bool = False) -> None:
        """What fires now: an Alertmanager is told again and again, since it forgets what it does not hear."""
        if self.sink.type != "alertmanager":
            return
        with self._lock:
            if not self._firing:
                self._repeat_at = self._clocks.monotonic() + REPEAT_EVERY_S
            if at_once:
                self._repeat_at = float("-inf")
            self._firing = firing
        self._woken.set()

    def forget(self) -> None:
        """Another process delivers from now on."""
        with self._lock:
            self._queue = self._empty()
            self._firing = ()

    def _empty(self) -> Queue:
        return Queue(self.sink.name, self._jitter, by_labels=self.sink.type == "alertmanager")

    def end(self, by: float) -> None:
        """Try once more what waits, then end; at the time `by` (monotonic) it is over in any case."""
        self._ends_at = by
        self._woken.set()

    def join(self) -> None:
        """Wait until it has ended, no longer than `end` said."""
        left_s = (self._ends_at or 0.0) - self._clocks.monotonic()
        self._thread.join(max(left_s, 0.0))

    def _run(self) -> None:
        while self._ends_at is None:
            self._woken.clear()
            if not self._step():
                self._woken.wait(self._idle_s())
        with self._lock:
            left = len(self._queue)
        for _ in range(left):
            within_s = min(DEADLINE_S, self._ends_at - self._clocks.monotonic())
            with self._lock:
                alert = self._queue.next(self._clocks.monotonic(), is_last=True)
            if alert is None or within_s <= 0.0:
                return
            self._try(alert, within_s)

    def _step(self) -> bool:
        """Do one thing that is due; False where nothing is."""
        now = self._clocks.monotonic()
        with self._lock:
            expired = self._queue.expired(now)
            alert = self._queue.next(now)
        for each in expired:
            self._fared(each)
        if alert is None:
            return self._repeated(now)
        self._try(alert, DEADLINE_S)
        return True

    def _try(self, alert: Alert, within_s: float) -> None:
        fared: Delivery | None
        try:
            self._send((alert,), within_s)
        except NotDelivered as fact:
            now, reason = self._clocks.monotonic(), str(fact)
            with self._lock:
                if fact.is_final:
                    fared = self._queue.refused(alert, reason)
                else:
                    fared = self._queue.failed(alert, reason, now, again_after_s=fact.again_after_s)
        else:
            with self._lock:
                fared = self._queue.took(alert)
        if fared is not None:
            self._fared(fared)

    def _send(self, alerts: Sequence[Alert], within_s: float) -> None:
        """Raises NotDelivered, for a bug in sending too: it must not end the thread."""
        facts: list[NotDelivered] = []

        def attempt(now: float) -> None:
            try:
                send(self.sink, alerts, now=now, within_s=within_s)
            except NotDelivered as fact:
                facts.append(fact)

        contain(attempt, self._clocks.real(), lambda bug: facts.append(self._crashed(bug)))
        if facts:
            raise facts[0]

    def _crashed(self, bug: Exception) -> NotDelivered:
        """Log where, and not what it says: that may hold the URL."""
        where, name = "".join(traceback.format_tb(bug.__traceback__)), type(bug).__name__
        log.error("sink %s: sending crashed by %s\n%s", self.sink.name, name, where)
        return NotDelivered(f"sending crashed by {name}")

    def _repeated(self, now: float) -> bool:
        """Whether what fires was due to be told again."""
        with self._lock:
            firing = self._firing
            if not firing or now < self._repeat_at:
                return False
            self._repeat_at = now + REPEAT_EVERY_S
        try:
            self._send(firing, DEADLINE_S)
        except NotDelivered as fact:
            self._repeat_at = now + max(REPEAT_AGAIN_S, fact.again_after_s)
            if not self._repeats_fail:
                log.warning("sink %s is not told again what fires: %s", self.sink.name, fact)
            self._repeats_fail = True
        else:
            self._repeats_fail = False
        return True

    def _idle_s(self) -> float:
        """How long nothing is due, LOOK_EVERY_S at most."""
        with self._lock:
            due_s = self._queue.due_in_s(self._clocks.monotonic())
        return LOOK_EVERY_S if due_s is None else min(due_s, LOOK_EVERY_S)
