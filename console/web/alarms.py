"""Alerts as people see them: what each sink was told of one incident, and what came of it. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from warehouse.deliveries import FIRES_AGAIN, DeliveryRow

Outcome = Literal["delivered", "given up", "left out", "still tried"]
RUNBOOKS = "docs/runbooks"
RANKS: Final = {"info": 0, "warning": 1, "critical": 2}


class Told(msgspec.Struct, frozen=True):
    """One sink: what it was told, and whether that arrived. `state`: that the alert fires, or is over."""

    sink: str
    state: str
    outcome: Outcome
    tried: int
    failure: str
    at: float


class Content(msgspec.Struct, frozen=True):
    """What is read of an alert's JSON; other fields of it are for its receivers."""

    findings: tuple[str, ...] = ()
    runbook: str = ""
    evidence: str = ""


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One incident. `told`: the newest first."""

    id: str
    name: str
    severity: str
    summary: str
    route: str
    starts_at: float
    ends_at: float  # 0 while it fires
    findings: tuple[str, ...]
    runbook: str
    evidence: str  # who
    told: tuple[Told, ...]

    @property
    def is_undelivered(self) -> bool:
        """Whether a sink has failed to get it. What a sink was told last decides: a resolution that arrived
        makes up for an alert that did not."""
        last = {each.sink: each for each in reversed(self.told)}
        return any(is_failure(each) for each in last.values())


def to_alarms(deliveries: Iterable[DeliveryRow]) -> list[Alarm]:
    """Incidents by their deliveries (the newest first): what fires before what is over, the newest first."""
    known: dict[str, list[DeliveryRow]] = {}
    for delivery in deliveries:
        known.setdefault(delivery.alert, []).append(delivery)
    alarms = [to_alarm(each) for each in known.values()]
    return sorted(alarms, key=lambda alarm: (alarm.ends_at > 0, -alarm.starts_at))


def to_alarm(deliveries: Sequence[DeliveryRow]) -> Alarm:
    """One incident, as its newest delivery tells it."""
    gravest = max(deliveries, key=lambda each: RANKS.get(each.severity, 0))
    last = next((each for each in deliveries if each.state == "resolved"), gravest)
    content = content_of(last.content)
    return Alarm(
        id=last.alert,
        name=last.name,
        severity=last.severity,
        summary=last.summary,
        route=last.labels.get("route", ""),
        starts_at=last.starts_at,
        ends_at=last.ends_at if last.state == "resolved" else 0.0,
        findings=content.findings,
        runbook=content.runbook or f"{RUNBOOKS}/{last.name}.md",
        evidence=content.evidence,
        told=tuple(to_told(each) for each in deliveries),
    )


def content_of(text: str) -> Content:
    """What an alert's JSON says; nothing where it cannot be read: a page must not fail by it."""
    try:
        return msgspec.json.decode(text or "{}", type=Content)
    except msgspec.DecodeError:
        return Content()


def to_told(delivery: DeliveryRow) -> Told:
    """What a sink was told."""
    return Told(
        delivery.sink, delivery.state, outcome_of(delivery), delivery.tried, delivery.failure, delivery.at
    )


def outcome_of(delivery: DeliveryRow) -> Outcome:
    """What came of it; `left out` is no failure."""
    if delivery.delivered:
        return "delivered"
    if not delivery.settled_at:
        return "still tried"
    return "left out" if delivery.failure == FIRES_AGAIN else "given up"


def is_failure(told: Told) -> bool:
    """Whether it has not arrived, though it was tried: the first try of an alert is no failure yet."""
    return told.outcome == "given up" or (told.outcome == "still tried" and bool(told.failure))
