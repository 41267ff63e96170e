"""Alerts: the thread that turns findings and conditions into incidents and has them delivered.

The loop only hands findings over, which never waits. Who holds the lease delivers: on taking it over, a
process goes on with what the warehouse says was told. A delivery is written down when it is taken up, before
it is tried, so a crash in between tells again (the same id) rather than never.
"""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Protocol

import msgspec

from analytics.alerting import Alert, Incidents
from analytics.alerts_file import AlertsFile
from analytics.alerts_journal import REMEMBERED_S, Step, Unfinished
from analytics.alerts_record import Record
from analytics.conditions import WAREHOUSE_AWAY, Condition
from analytics.control import Unreachable
from analytics.delivering import Delivery
from analytics.posting import Clocks, Postman
from analytics.proposer import ACCUSING
from analytics.telling import Outage
from kernel.boundary import contain
from kernel.findings import Finding
from warehouse.failures import FAILURES

TURN_EVERY_S = 0.25
LOOK_EVERY_S = 5.0  # after conditions
PROPOSED_WITHIN_S = 3.0  # an alert waits so long for the recommendation that it could link to
ENDS_WITHIN_S = 2.0
LAST_TRY_S = 1.2  # of ENDS_WITHIN_S
MOST_HEARD = 10_000  # findings that wait for the thread
LAPSED = "nobody was there to try it for an hour"
UNKNOWN_SINK = "the alerts file no longer names this sink"

log = logging.getLogger("tidegate.analytics.alerts")


class Journal(Protocol):
    """Where deliveries are kept: see analytics.alerts_journal. Raises what the warehouse's client raises."""

    def keep(self, steps: Sequence[Step]) -> None: ...
    def unfinished(self, now: float) -> Unfinished: ...
    def known(self, since: float) -> Sequence[Finding]: ...
    def accused(self, findings: Sequence[str]) -> str: ...


class Around(msgspec.Struct, frozen=True):
    """What the thread asks of the rest of the process.

    `leads`: whether this process acts for the tenant; `is_behind`: whether the loop still judges the past;
    `proposed`: id of the recommendation about a finding, or empty; `conditions`: those that hold now.
    """

    leads: Callable[[], bool]
    is_behind: Callable[[], bool]
    proposed: Callable[[str], str]
    conditions: Callable[[float], Sequence[Condition]]


class Alerts:
    """The alerts of one tenant."""

    def __init__(
        self,
        wanted: AlertsFile,
        journal: Journal,
        *,
        tenant: str,
        clocks: Clocks,
        jitter: Callable[[], float],
    ) -> None:
        self._wanted = wanted
        self._journal = journal
        self._tenant = tenant
        self._clocks = clocks
        self._record = Record(journal, clocks)
        self._incidents: Incidents | None = None  # None: another process delivers, or the journal is not read
        self._alone: Incidents | None = None  # of the time in which it could not be read
        self._heard: dict[str, Finding] = {}
        self._lock = Lock()  # of what is heard
        self._is_flooded = False
        self._proposable: dict[str, tuple[Alert, float]] = {}  # they wait for a recommendation, until then
        self._told: dict[str, Alert] = {}  # what fires, as it was told
        self._look_at = float("-inf")
        self._outage = Outage()  # of what conditions and findings are asked of
        self._stop = Event()
        self._fared: SimpleQueue[Delivery] = SimpleQueue()
        self._postmen = {
            sink.name: Postman(sink, clocks=clocks, jitter=jitter, fared=self._fared.put)
            for sink in wanted.sinks
        }

    def hear(self, findings: Sequence[Finding]) -> None:
        """Findings in their newest state; never waits. Where too many wait, the oldest are not told."""
        with self._lock:
            self._heard.update((each.id, each) for each in findings)
            oldest = list(self._heard)[: max(len(self._heard) - MOST_HEARD, 0)]
            for each in oldest:
                del self._heard[each]
        if oldest and not self._is_flooded:
            log.warning("more than %d findings wait to be told: the oldest are not", MOST_HEARD)
        self._is_flooded = bool(oldest)

    @property
    def leads(self) -> bool:
        """Whether this process delivers, and has taken up what was told before."""
        return self._incidents is not None

    def start(self) -> None:
        """Begin to deliver what a turn hands over."""
        for each in self._postmen.values():
            each.start()

    @contextlib.contextmanager
    def running(self, around: Around) -> Iterator[None]:
        """Keep the threads for the length of a with block, and ENDS_WITHIN_S beyond at most."""
        thread = Thread(target=self._run, args=(around,), name="alerts", daemon=True)
        self.start()
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(ENDS_WITHIN_S)

    def _run(self, around: Around) -> None:
        while not self._stop.is_set():
            self._try(around)
            self._stop.wait(TURN_EVERY_S)
        self._try(around)
        by = self._clocks.monotonic() + LAST_TRY_S
        for each in self._postmen.values():
            each.end(by)
        for each in self._postmen.values():
            each.join()
        self._take_note(is_last=True)

    def _try(self, around: Around) -> None:
        """A turn. The worker loop: whatever failed is told, and tried again."""
        crashed = "alerts: a turn failed; tried again"
        contain(self._turned, around, lambda bug: log.warning(crashed, exc_info=bug))

    def _turned(self, around: Around) -> None:
        try:
            self.turn(around)
        except FAILURES as failure:
            self._outage.goes_on(failure)
        except Unreachable:
            log.debug("the console cannot be asked; the loop tells so")

    def turn(self, around: Around) -> None:
        """One round. Raises what the warehouse's client raises, or Unreachable: the rest was done."""
        if not around.leads():
            self._leave()
            return
        if self._incidents is None:
            try:
                self._incidents = self._begin()
            except FAILURES:
                self._tell_alone(around)
                raise
        self._go_on(self._incidents, around)

    def _leave(self) -> None:
        """Another process delivers: it takes up from the warehouse what is not settled here."""
        if self._incidents is not None or self._alone is not None:
            log.info("another process delivers alerts now")
        self._incidents = self._alone = None
        self._proposable.clear()
        self._told.clear()
        for each in self._postmen.values():
            each.forget()
        while not self._fared.empty():
            self._fared.get_nowait()
        self._record.forget()
        self._drain()

    def _begin(self) -> Incidents:
        """Go on with what was told, by this process or another, and with open findings that nobody told."""
        now = self._clocks.events()
        left, known = self._journal.unfinished(now), self._journal.known(now - REMEMBERED_S)
        incidents = Incidents(self._tenant, resolve_after_s=self._wanted.resolve_after_s)
        alone = self._told  # nobody could say what was told before
        self._told = {alert.id: alert for alert in left.firing} | alone
        incidents.restore(self._told.values(), known, now)
        self._record.resume(left.settled)
        for each in self._postmen.values():
            each.repeat(tuple(self._told.values()), at_once=True)
        for step in left.waiting:
            delivery = step.delivery
            if delivery.sink in self._postmen:
                self._record.resume([step])
                self._postmen[delivery.sink].put(delivery.alert, tried=delivery.tried)
            else:
                self._give_up(step, UNKNOWN_SINK)
        for step in left.lapsed:
            self._give_up(step, step.delivery.failure or LAPSED)
        for alert in left.firing:
            self._hand_over([alert], [name for name in self._postmen if (alert.id, name) not in left.told])
        self._end_twins(left.firing, alone)
        with self._lock:
            # What the loop has said meanwhile is newer.
            self._heard = {each.id: each for each in reversed(known) if not each.closed_at} | self._heard
        return incidents

    def _tell_alone(self, around: Around) -> None:
        """The warehouse cannot say what was told, so nothing is told but that it is away."""
        now, real = self._clocks.events(), self._clocks.monotonic()
        if self._alone is None:
            self._alone = Incidents(self._tenant, resolve_after_s=self._wanted.resolve_after_s)
        if real >= self._look_at:
            self._look_at = real + LOOK_EVERY_S
            away = [each for each in around.conditions(now) if each.name == WAREHOUSE_AWAY]
            self._tell(self._alone.hold(away, now), around)
        self._take_note()

    def _end_twins(self, firing: Sequence[Alert], alone: Mapping[str, Alert]) -> None:
        """What fired already when it was told alone, under another id, is over: the other one goes on."""
        now = self._clocks.events()
        others = [alert.labels for alert in alone.values()]
        twins = [alert for alert in firing if alert.id not in alone and alert.labels in others]
        for twin in twins:
            del self._told[twin.id]
            self._hand_over([msgspec.structs.replace(twin, state="resolved", ends_at=now)], self._postmen)
        self._alone = None

    def _give_up(self, step: Step, why: str) -> None:
        self._record.resume([step])
        self._record.note(msgspec.structs.replace(step.delivery, is_settled=True, failure=why))

    def _go_on(self, incidents: Incidents, around: Around) -> None:
        now, real = self._clocks.events(), self._clocks.monotonic()
        if not around.is_behind():
            self._announce(incidents.take(self._drain(), now), around)
        resolved = incidents.settle(now)
        over = {alert.id for alert in resolved}
        ready = [
            alert
            for alert, until in self._proposable.values()
            if real >= until or alert.id in over or self._proposed(alert, around)
        ]
        self._tell([*ready, *resolved], around)
        self._take_note()
        if real >= self._look_at:
            self._look_at = real + LOOK_EVERY_S
            self._renew(incidents, around)
            holding = around.conditions(now)
            if all(each.name != WAREHOUSE_AWAY for each in holding):
                self._outage.is_over()
            self._announce(incidents.hold(holding, now), around)

    def _announce(self, begun: Sequence[Alert], around: Around) -> None:
        """Tell what begins or became graver, at once or where a recommendation may follow a little later."""
        until = self._clocks.monotonic() + PROPOSED_WITHIN_S
        for alert in begun:
            if alert.id in self._proposable:  # graver meanwhile; it waits no longer for that
                self._proposable[alert.id] = alert, self._proposable[alert.id][1]
            elif alert.id not in self._told and self._may_be_proposed(alert, around):
                self._proposable[alert.id] = alert, until
        self._tell([alert for alert in begun if alert.id not in self._proposable], around)

    def _may_be_proposed(self, alert: Alert, around: Around) -> bool:
        may = bool(self._wanted.links.console_url) and alert.labels.get("detector") in ACCUSING
        return may and not self._proposed(alert, around)

    def _tell(self, alerts: Sequence[Alert], around: Around) -> None:
        """Have every sink told, in this order."""
        if not alerts:
            return
        told = [self._complete(alert, around) for alert in alerts]
        for alert in told:
            self._proposable.pop(alert.id, None)
            if alert.state == "firing":
                self._told[alert.id] = alert
            else:
                self._told.pop(alert.id, None)
        for each in self._postmen.values():
            each.repeat(tuple(self._told.values()))
        self._hand_over(told, self._postmen)

    def _hand_over(self, alerts: Sequence[Alert], sinks: Iterable[str]) -> None:
        """Note that sinks take alerts up, and have them try."""
        names = list(sinks)
        for alert in alerts:
            for name in names:
                self._record.note(Delivery(alert, name))
        self._record.write()
        for alert in alerts:
            for name in names:
                self._postmen[name].put(alert)

    def _complete(self, alert: Alert, around: Around) -> Alert:
        """An alert with who it is about, as far as that can be asked, and with its links."""
        evidence = alert.evidence
        if alert.findings and not evidence:
            with contextlib.suppress(*FAILURES):
                evidence = self._journal.accused(alert.findings)
        return self._linked(msgspec.structs.replace(alert, evidence=evidence), around)

    def _linked(self, alert: Alert, around: Around) -> Alert:
        linked = self._wanted.links.of(alert, self._proposed(alert, around))
        before = self._told.get(alert.id, linked)
        return msgspec.structs.replace(
            linked,
            evidence=linked.evidence or before.evidence,
            recommendation=linked.recommendation or before.recommendation,
        )

    def _proposed(self, alert: Alert, around: Around) -> str:
        found = (around.proposed(finding) for finding in reversed(alert.findings))
        return next((each for each in found if each), "")

    def _renew(self, incidents: Incidents, around: Around) -> None:
        """What fires is repeated in today's words."""
        told = {alert.id: alert for alert in incidents.firing() if alert.id in self._told}
        self._told = {id_: self._linked(alert, around) for id_, alert in told.items()}
        for each in self._postmen.values():
            each.repeat(tuple(self._told.values()))
        self._record.renew(self._told)

    def _take_note(self, *, is_last: bool = False) -> None:
        """Write down how deliveries fared since."""
        while not self._fared.empty():
            delivery = self._fared.get_nowait()
            self._record.note(delivery)
            tell(delivery)
        self._record.write(is_last=is_last)

    def _drain(self) -> Sequence[Finding]:
        with self._lock:
            heard, self._heard = list(self._heard.values()), {}
        return heard


def tell(delivery: Delivery) -> None:
    """Log what is delivered, what fails for the first time, and what is given up; never a sink's URL."""
    alert = delivery.alert
    about = f"{alert.name} ({alert.state}, {alert.id})"
    if delivery.is_delivered:
        log.info("%s: sink %s was told", about, delivery.sink)
    elif delivery.is_settled:
        log.warning("%s: sink %s was not told: %s", about, delivery.sink, delivery.failure)
    elif delivery.tried == 1:
        log.warning("%s: sink %s %s; tried again", about, delivery.sink, delivery.failure)
