"""The alerts of one tenant: told once by who leads, over restarts and outages; a turn at a time, by hand."""

from collections.abc import Iterator, Sequence

import msgspec
import pytest

from analytics.alert_links import Links
from analytics.alerting import HELD_S
from analytics.alerts import LAPSED, PROPOSED_WITHIN_S, UNKNOWN_SINK, Alerts, Around
from analytics.alerts_file import AlertsFile
from analytics.alerts_journal import Step, Unfinished
from analytics.alerts_record import RENEW_EVERY_S
from analytics.conditions import WAREHOUSE_AWAY, Condition
from analytics.delivering import Delivery
from analytics.posting import Clocks
from kernel.findings import Finding
from tests.analytics.receiving import OVER as GONE_BY
from tests.analytics.receiving import Receiver, receiving
from tests.analytics.test_alerting import FINDING
from tests.integration.proxies import eventually

BURST = msgspec.structs.replace(FINDING, onset=1_000.0)
ERRORS = msgspec.structs.replace(BURST, id="e", detector="D16", kind="error-burst", identity="", key="shop")
OVER = msgspec.structs.replace(ERRORS, closed_at=1_100.0)
PAUSED = Condition("loop-paused", {}, "warning", "automation is paused")


class Shelf:
    """A journal in memory; while it is `away` it fails as the warehouse does."""

    def __init__(self) -> None:
        self.steps: dict[tuple[str, str, str], Step] = {}
        self.findings: tuple[Finding, ...] = ()
        self.lapsed: tuple[Step, ...] = ()
        self.away = False

    def keep(self, steps: Sequence[Step]) -> None:
        self.check()
        for step in steps:
            each = step.delivery
            self.steps[each.alert.id, each.sink, each.alert.state] = step

    def unfinished(self, now: float) -> Unfinished:
        self.check()
        steps = list(self.steps.values())
        resolved = {each.delivery.alert.id for each in steps if each.delivery.alert.state == "resolved"}
        firing = {each.delivery.alert.id: each.delivery.alert for each in steps}
        return Unfinished(
            tuple(alert for id_, alert in firing.items() if id_ not in resolved),
            tuple(each for each in steps if not each.settled_at),
            frozenset((each.delivery.alert.id, each.delivery.sink) for each in steps),
            self.lapsed,
        )

    def known(self, since: float) -> Sequence[Finding]:
        return self.findings

    def accused(self, findings: Sequence[str]) -> str:
        self.check()
        return "200 identities"

    def check(self) -> None:
        if self.away:
            raise ConnectionRefusedError

    def fared(self, state: str = "firing") -> dict[str, tuple[bool, str]]:
        """Sink -> whether it took the alert, and the failure."""
        return {
            step.delivery.sink: (step.delivery.is_delivered, step.delivery.failure)
            for step in self.steps.values()
            if step.delivery.alert.state == state
        }


class Bench:
    """A process's alerts, whose surroundings a test turns."""

    def __init__(self, shelf: Shelf, *receivers: Receiver) -> None:
        self.shelf = shelf
        self.now = 1_010.0
        self.is_started = False
        self.leads = True
        self.behind = False
        self.proposals: dict[str, str] = {}
        self.conditions: tuple[Condition, ...] = ()
        sinks = tuple(each.webhook(f"hook-{at}") for at, each in enumerate(receivers))
        wanted = AlertsFile(sinks, Links(console_url="http://c"), 60.0, 0.999)
        clocks = Clocks(self.read, self.read, self.read)
        self.alerts = Alerts(wanted, shelf, tenant="default", clocks=clocks, jitter=lambda: 0.5)
        self.around = Around(
            leads=lambda: self.leads,
            is_behind=lambda: self.behind,
            proposed=lambda finding: self.proposals.get(finding, ""),
            conditions=lambda _: self.conditions,
        )

    def read(self) -> float:
        return self.now

    def turn(self, *findings: Finding, after_s: float = 1.0) -> None:
        """Findings are heard, and a while later it is their turn."""
        if not self.is_started:
            self.alerts.start()
        self.is_started = True
        self.alerts.hear(findings)
        self.now += after_s
        self.alerts.turn(self.around)

    def until(self, delivered: int, state: str = "firing") -> None:
        """Turn until so many sinks have taken alerts in a state."""

        def have() -> bool:
            self.turn(after_s=0.0)
            return sum(took for took, _ in self.shelf.fared(state).values()) == delivered

        eventually(have, f"{delivered} took it")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def bench(shelf: Shelf, receiver: Receiver) -> Bench:
    return Bench(shelf, receiver)


def test_a_finding_is_told_once_and_resolved_with_the_same_id(bench: Bench, receiver: Receiver) -> None:
    bench.turn()
    bench.turn(ERRORS)
    bench.turn(ERRORS)
    bench.until(1)
    bench.turn(OVER)
    bench.turn(after_s=60.0)
    bench.until(1, "resolved")
    fired, over = receiver.alerts()
    assert (fired.id, fired.state, over.id, over.state) == (fired.id, "firing", fired.id, "resolved")
    assert (fired.evidence, fired.runbook) == ("200 identities", "docs/runbooks/error-burst.md")
    assert fired.dashboard == "http://c/boards/route?range=1+h&route=shop"
    steps = list(bench.shelf.steps.values())
    assert all(each.settled_at >= each.at > 0.0 for each in steps)


def test_an_alert_waits_a_little_for_its_recommendation(bench: Bench, receiver: Receiver) -> None:
    bench.turn()
    bench.turn(BURST)
    bench.turn()
    assert bench.shelf.steps == {}
    bench.proposals = {BURST.id: "r1"}
    bench.turn()
    bench.until(1)
    assert receiver.alerts()[0].recommendation == "http://c/recommendations/r1"


def test_an_alert_that_no_recommendation_follows_is_told_without(bench: Bench, receiver: Receiver) -> None:
    bench.turn()
    bench.turn(BURST)
    bench.turn(after_s=PROPOSED_WITHIN_S)
    bench.until(1)
    assert receiver.alerts()[0].recommendation == ""


def test_a_condition_is_told_as_a_finding_is(bench: Bench, receiver: Receiver) -> None:
    bench.turn()
    bench.conditions = (PAUSED,)
    bench.turn(after_s=5.0)
    bench.turn(after_s=HELD_S)
    bench.until(1)
    bench.conditions = ()
    bench.turn(after_s=5.0)
    bench.turn(after_s=60.0)
    bench.until(1, "resolved")
    assert [(each.name, each.state) for each in receiver.alerts()] == [
        ("loop-paused", "firing"),
        ("loop-paused", "resolved"),
    ]


def test_who_does_not_lead_tells_nothing(bench: Bench, receiver: Receiver) -> None:
    bench.leads = False
    bench.turn(ERRORS)
    assert bench.shelf.steps == {}
    bench.leads = True
    bench.turn()
    bench.turn()
    assert bench.shelf.steps == {}  # it is the leader of then that has told it


def test_nothing_is_told_of_the_past_that_is_caught_up_with(bench: Bench, receiver: Receiver) -> None:
    bench.behind = True
    bench.turn(ERRORS)
    bench.turn(OVER)
    bench.behind = False
    bench.turn()
    bench.turn()
    assert bench.shelf.steps == {}


def test_conditions_are_told_while_the_past_is_caught_up_with(bench: Bench, receiver: Receiver) -> None:
    bench.behind = True
    bench.conditions = (PAUSED,)
    bench.turn(ERRORS)
    bench.turn(after_s=HELD_S)
    bench.until(1)
    assert [each.name for each in receiver.alerts()] == ["loop-paused"]


def test_another_process_goes_on_with_what_was_told(bench: Bench, receiver: Receiver) -> None:
    bench.turn()
    bench.turn(ERRORS)
    bench.until(1)
    bench.shelf.findings = (ERRORS,)
    other = Bench(bench.shelf, receiver)
    bench.leads = False
    bench.turn(OVER)
    other.turn()
    other.turn(ERRORS)
    other.turn(OVER)
    other.turn(after_s=60.0)
    other.until(1, "resolved")
    fired, over = receiver.alerts()
    assert (fired.id, fired.state, over.state) == (over.id, "firing", "resolved")


def test_what_is_open_and_was_never_told_is_told_after_a_restart(bench: Bench, receiver: Receiver) -> None:
    bench.shelf.findings = (ERRORS,)
    bench.turn()
    bench.until(1)
    assert [each.state for each in receiver.alerts()] == ["firing"]


def test_what_no_sink_has_taken_is_tried_again_after_a_restart(shelf: Shelf, receiver: Receiver) -> None:
    receiver.status = 503
    bench = Bench(shelf, receiver)
    bench.turn()
    bench.turn(ERRORS)

    def failed() -> bool:
        bench.turn(after_s=0.0)
        return shelf.fared() == {"hook-0": (False, "answered 503")}

    eventually(failed, "the failure is written down")
    shelf.findings = (ERRORS,)
    receiver.status = 200
    other = Bench(shelf, receiver)
    other.turn(after_s=11.0)
    other.until(1)
    (step,) = shelf.steps.values()
    assert step.delivery.tried >= 2
    assert (step.at, step.settled_at) == (1_012.0, 1_021.0)


def test_a_sink_that_is_new_hears_what_fires_and_one_that_is_gone_is_given_up(
    shelf: Shelf, receiver: Receiver
) -> None:
    receiver.status = 503
    bench = Bench(shelf, receiver)
    bench.turn()
    bench.turn(ERRORS)
    shelf.findings = (ERRORS,)
    alert = next(iter(shelf.steps.values())).delivery.alert
    shelf.steps = {(alert.id, "old", "firing"): Step(Delivery(alert, "old"), 1_000.0, 0.0)}
    receiver.status = 200
    other = Bench(shelf, receiver)
    other.turn()
    other.until(1)
    assert shelf.fared() == {"old": (False, UNKNOWN_SINK), "hook-0": (True, "")}


def test_what_nobody_tried_for_too_long_is_given_up_after_a_restart(bench: Bench, receiver: Receiver) -> None:
    bench.shelf.lapsed = (Step(Delivery(GONE_BY, "hook-0"), 100.0, 0.0),)
    bench.turn()
    (step,) = bench.shelf.steps.values()
    assert (step.at, step.settled_at, step.delivery.failure) == (100.0, bench.now, LAPSED)
    assert receiver.taken == []


def test_a_dead_sink_holds_no_other_up_and_its_failure_is_written_down(shelf: Shelf) -> None:
    with receiving() as dead, receiving() as alive:
        dead.held.clear()
        bench = Bench(shelf, dead, alive)
        bench.turn()
        bench.turn(ERRORS)
        bench.until(1)
        assert shelf.fared() == {"hook-0": (False, ""), "hook-1": (True, "")}
        assert [each.state for each in alive.alerts()] == ["firing"]


def test_alerts_are_told_while_the_warehouse_is_away_and_written_down_later(
    bench: Bench, receiver: Receiver
) -> None:
    bench.turn()
    bench.shelf.away = True
    bench.turn(ERRORS)
    eventually(lambda: receiver.taken, "the sink is told")
    assert receiver.alerts()[0].evidence == ""
    bench.shelf.away = False
    bench.turn(after_s=2.0)
    bench.until(1)


def test_what_is_asked_of_conditions_may_fail(bench: Bench, receiver: Receiver) -> None:
    def fail(now: float) -> tuple[Condition, ...]:
        raise ConnectionRefusedError

    broken = msgspec.structs.replace(bench.around, conditions=fail)
    bench.turn()
    bench.alerts.hear([ERRORS])
    bench.now += 10.0
    with pytest.raises(ConnectionRefusedError):
        bench.alerts.turn(broken)
    bench.until(1)  # the rest of the turn was done


def test_the_log_says_that_the_warehouse_is_back_when_it_is(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tidegate.analytics")
    away = Condition(WAREHOUSE_AWAY, {}, "critical", "no answer")
    looks: list[float] = []
    answers: list[tuple[Condition, ...]] = []

    def look(now: float) -> tuple[Condition, ...]:
        looks.append(now)
        if not answers:
            raise ConnectionRefusedError
        return answers[-1]

    with bench.alerts.running(msgspec.structs.replace(bench.around, conditions=look)):
        for answer in (None, (away,), (away,), ()):
            answers.extend([] if answer is None else [answer])
            looks.clear()
            bench.now += 30.0
            eventually(lambda: looks, "it looked again")
            eventually(lambda: "does not answer" in caplog.text, "the outage is told")
            assert "is back" not in caplog.text or answer == ()
        eventually(lambda: "is back" in caplog.text, "its end is told")
    assert caplog.text.count("is back") == 1


def test_the_threads_end_with_the_block_and_tell_what_they_still_can(
    shelf: Shelf, receiver: Receiver
) -> None:
    sinks = (receiver.webhook(),)
    bench = Bench(shelf, receiver)
    wanted = AlertsFile(sinks, Links(), 60.0, 0.999)
    clocks = Clocks(bench.read, bench.read, bench.read)
    alerts = Alerts(wanted, shelf, tenant="default", clocks=clocks, jitter=lambda: 0.5)
    with alerts.running(bench.around):
        alerts.hear([ERRORS])
        eventually(lambda: shelf.fared() == {"hook": (True, "")}, "it is told and written down")
    assert [each.state for each in receiver.alerts()] == ["firing"]


def test_a_sink_that_hangs_does_not_hold_up_the_end(shelf: Shelf, receiver: Receiver) -> None:
    bench = Bench(shelf, receiver)
    receiver.held.clear()
    with bench.alerts.running(bench.around):
        eventually(lambda: bench.alerts.leads, "it leads")
        bench.alerts.hear([ERRORS])
        eventually(lambda: receiver.taken, "it is sent")
    assert not receiver.held.is_set()
    assert shelf.fared() == {"hook-0": (False, "")}  # the next process tries it again


def test_what_is_heard_is_bounded(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    many = [msgspec.structs.replace(ERRORS, id=f"{number}") for number in range(10_001)]
    bench.alerts.hear(many)
    bench.alerts.hear(many)
    assert [each.getMessage() for each in caplog.records] == [
        "more than 10000 findings wait to be told: the oldest are not"
    ]


GRAVER = msgspec.structs.replace(ERRORS, severity="critical", summary="a hundred times as many")


def test_a_severity_that_rises_is_told_once_and_its_row_says_so(bench: Bench, receiver: Receiver) -> None:
    bench.turn()
    bench.turn(ERRORS)
    bench.until(1)
    (first,) = bench.shelf.steps.values()
    bench.turn(GRAVER)
    bench.turn(GRAVER)
    eventually(lambda: len(receiver.alerts()) == 2, "it is told again")
    bench.until(1)
    fired, raised = receiver.alerts()
    assert (raised.id, raised.state, raised.severity, raised.raised) == (fired.id, "firing", "critical", 1)
    (step,) = bench.shelf.steps.values()
    assert (step.delivery.alert.severity, step.delivery.is_delivered) == ("critical", True)
    assert step.at > first.at
    other = Bench(bench.shelf, receiver)
    bench.shelf.findings = (GRAVER,)
    other.turn()
    other.turn(GRAVER)
    assert len(receiver.alerts()) == 2


def test_an_alert_that_waits_for_a_recommendation_is_told_as_grave_as_it_is_then(
    bench: Bench, receiver: Receiver
) -> None:
    bench.turn()
    bench.turn(BURST)
    bench.turn(msgspec.structs.replace(BURST, severity="critical"))
    bench.turn(after_s=PROPOSED_WITHIN_S)
    bench.until(1)
    assert [each.severity for each in receiver.alerts()] == ["critical"]


def test_what_fires_is_written_again_in_the_words_of_now(bench: Bench, receiver: Receiver) -> None:
    bench.turn()
    bench.turn(ERRORS)
    bench.until(1)
    bench.turn(msgspec.structs.replace(ERRORS, summary="more"), after_s=RENEW_EVERY_S)
    bench.turn()
    (step,) = bench.shelf.steps.values()
    assert (step.delivery.alert.summary, step.delivery.is_delivered, step.delivery.tried) == ("more", True, 1)
    assert len(receiver.alerts()) == 1


AWAY = Condition(WAREHOUSE_AWAY, {}, "critical", "no answer")


def refused(bench: Bench, after_s: float) -> None:
    """A turn that the warehouse's absence ends."""
    with pytest.raises(ConnectionRefusedError):
        bench.turn(after_s=after_s)


def test_started_without_a_warehouse_only_that_is_told_and_over_once_it_is_back(
    bench: Bench, receiver: Receiver
) -> None:
    bench.shelf.away = True
    bench.conditions = (AWAY, PAUSED)
    refused(bench, 5.0)
    refused(bench, HELD_S)
    eventually(receiver.alerts, "it is told")
    refused(bench, HELD_S)
    bench.shelf.away, bench.conditions = False, ()
    bench.turn(after_s=5.0)
    bench.until(1)
    bench.turn(after_s=60.0)
    bench.until(1, "resolved")
    fired, over = receiver.alerts()
    assert (fired.name, fired.state) == (WAREHOUSE_AWAY, "firing")
    assert (over.id, over.state) == (fired.id, "resolved")


def test_what_fired_under_another_id_before_a_start_without_a_warehouse_is_ended(
    bench: Bench, receiver: Receiver
) -> None:
    labels = {"alertname": WAREHOUSE_AWAY, "tenant": "default"}
    before = msgspec.structs.replace(GONE_BY, id="b", state="firing", ends_at=0.0, labels=labels)
    bench.shelf.steps = {("b", "hook-0", "firing"): Step(Delivery(before, "hook-0", 1, True), 900.0, 901.0)}
    bench.shelf.away, bench.conditions = True, (AWAY,)
    refused(bench, 5.0)
    refused(bench, HELD_S)
    eventually(receiver.alerts, "it is told")
    bench.shelf.away = False
    bench.turn(after_s=5.0)
    bench.until(1, "resolved")
    alerts = receiver.alerts()
    assert [each.state for each in alerts] == ["firing", "resolved"]
    assert alerts[1].id == "b" != alerts[0].id
