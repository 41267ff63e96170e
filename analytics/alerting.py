"""Incidents: findings grouped by (detector, route, class of identity), and conditions by (name, labels).

Each is told when it begins, again where it becomes graver than was told, and when it is over; the id is the
same. Pure: times are arguments, seconds since 1970 on the events' clock.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal

import msgspec

from analytics.conditions import Condition
from kernel.findings import Finding, Observation, Severity

RANKS: tuple[Severity, ...] = ("info", "warning", "critical")
HELD_S = 10.0  # a condition that came and went within it is not told
HOLDS = "condition"  # stands in `Incident.open` for a finding's id
MOST_NAMED = 3  # identities that evidence names; it counts the others
MOST_FINDINGS = 100  # ids that an alert names: the newest
MOST_IDENTITIES = 1_000  # that an incident counts

State = Literal["firing", "resolved"]


class Alert(msgspec.Struct, frozen=True):
    """What a sink is told about an incident. Times are seconds since 1970; `ends_at` is 0 while it fires.

    `labels` are stable: they are the alert's identity. Everything else may change while it fires. Links
    are empty where there is nothing to link to.
    """

    id: str  # of the incident: the same from firing to resolved
    name: str  # kind of the findings, or name of the condition
    labels: dict[str, str]
    state: State
    severity: Severity  # the gravest so far
    summary: str
    starts_at: float
    ends_at: float
    findings: tuple[str, ...]  # ids; none: it is about a condition
    observations: tuple[Observation, ...] = ()  # what was measured, beside what was expected
    evidence: str = ""  # who
    runbook: str = ""
    dashboard: str = ""
    page: str = ""  # of the finding, in the console
    recommendation: str = ""
    raised: int = 0  # how often its severity has risen above what was told before

    def is_telling(self, other: "Alert") -> bool:
        """Whether both tell the same: of one incident, in one state, as grave."""
        return (self.id, self.state, self.raised) == (other.id, other.state, other.raised)


class Incident(msgspec.Struct):
    """What belongs together, while any of it is open and for `resolve_after_s` beyond."""

    labels: dict[str, str]
    starts_at: float
    severity: Severity
    summary: str
    observations: tuple[Observation, ...]
    worst: str  # id of the finding that stands for all
    open: set[str]
    findings: list[str]
    identities: list[str]
    quiet_since: float = 0.0  # 0 while anything is open
    told: Severity | None = None  # the gravest that was told; None: nothing was
    raised: int = 0


class Incidents:
    """Keeps incidents. One that re-opens within `resolve_after_s` goes on: nothing is told twice."""

    def __init__(self, tenant: str, *, resolve_after_s: float) -> None:
        self._tenant = tenant
        self._resolve_after_s = resolve_after_s
        self._incidents: dict[str, Incident] = {}
        self._held_since: dict[str, float] = {}  # conditions that are not told yet

    def restore(self, firing: Iterable[Alert], known: Iterable[Finding], now: float) -> None:
        """After a restart: what was told as firing, and the findings behind it, are known already."""
        by_id = {finding.id: finding for finding in known}
        for alert in firing:
            incident = of_alert(alert)
            for finding in (by_id[each] for each in alert.findings if each in by_id):
                join(incident, finding, now)
            if not incident.open and not incident.quiet_since:
                incident.quiet_since = now
            self._incidents[key_of(alert.labels)] = incident
        for finding in by_id.values():  # an alert names those of its beginning; others came since
            joined = self._incidents.get(key_of(labels_of(self._tenant, finding)))
            if joined is not None and not finding.closed_at:
                join(joined, finding, now)

    def take(self, findings: Iterable[Finding], now: float) -> list[Alert]:
        """New states of findings; returns the alerts that begin to fire, and those that became graver."""
        joined: dict[str, Incident] = {}
        for finding in findings:
            labels = labels_of(self._tenant, finding)
            incident = self._incidents.get(key_of(labels))
            if incident is None and finding.closed_at == 0.0:
                incident = Incident(labels, finding.onset, "info", "", (), "", set(), [], [])
                self._incidents[key_of(labels)] = incident
            if incident is not None:
                join(incident, finding, now)
                joined[key_of(labels)] = incident
        return [news_of(each) for each in joined.values() if is_news(each)]

    def hold(self, conditions: Iterable[Condition], now: float) -> list[Alert]:
        """The conditions that hold now, all of them; returns the alerts that begin, and the graver ones."""
        held: dict[str, tuple[dict[str, str], Condition]] = {}
        for condition in conditions:
            labels = {**condition.labels, "alertname": condition.name, "tenant": self._tenant}
            held.setdefault(key_of(labels), (labels, condition))
        self._held_since = {key: self._held_since.get(key, now) for key in held if key not in self._incidents}
        news: list[Alert] = []
        for key, (labels, condition) in held.items():
            since = self._held_since.get(key, now)
            if key not in self._incidents and now - since >= HELD_S:
                self._incidents[key] = Incident(labels, since, "info", "", (), "", set(), [], [])
            if key in self._incidents:
                describe(self._incidents[key], condition)
                news += [news_of(self._incidents[key])] if is_news(self._incidents[key]) else []
        for key, incident in self._incidents.items():
            if not incident.findings and key not in held:
                incident.open.clear()
                incident.quiet_since = incident.quiet_since or now
        return news

    def firing(self) -> list[Alert]:
        """What fires now, as it would be told now."""
        return [to_alert(incident, 0.0) for incident in self._incidents.values()]

    def settle(self, now: float) -> list[Alert]:
        """The alerts that are resolved by now: quiet for long enough."""
        over = {
            key: incident
            for key, incident in self._incidents.items()
            if incident.quiet_since and now - incident.quiet_since >= self._resolve_after_s
        }
        for key in over:
            del self._incidents[key]
        return [to_alert(incident, incident.quiet_since) for incident in over.values()]


def join(incident: Incident, finding: Finding, now: float) -> None:
    """A finding's new state becomes part of its incident; the gravest stands for all, of equals the first."""
    if finding.id not in incident.findings:
        incident.findings.append(finding.id)
        del incident.findings[:-MOST_FINDINGS]
    is_graver = RANKS.index(finding.severity) > RANKS.index(incident.severity)
    if is_graver or incident.worst in ("", finding.id):
        incident.severity = finding.severity if is_graver else incident.severity
        incident.worst, incident.summary = finding.id, finding.summary
        incident.observations = finding.evidence
    is_new = finding.identity and finding.identity not in incident.identities
    if is_new and len(incident.identities) < MOST_IDENTITIES:
        incident.identities.append(finding.identity)
    if finding.closed_at == 0.0:
        incident.open.add(finding.id)
        incident.quiet_since = 0.0
        return
    incident.open.discard(finding.id)
    if not incident.open and not incident.quiet_since:
        incident.quiet_since = now


def describe(incident: Incident, condition: Condition) -> None:
    """A condition holds: its incident goes on, in today's words, and as grave as it was at the gravest."""
    incident.severity = max(incident.severity, condition.severity, key=RANKS.index)
    incident.summary, incident.observations = condition.summary, condition.observations
    incident.open.add(HOLDS)
    incident.quiet_since = 0.0


def is_news(incident: Incident) -> bool:
    """Whether it is to be told: nothing was yet, or it goes on and is graver than was told."""
    if incident.told is None:
        return True
    return not incident.quiet_since and RANKS.index(incident.severity) > RANKS.index(incident.told)


def news_of(incident: Incident) -> Alert:
    """The alert that tells how grave an incident is now; from here on that is told."""
    incident.raised += incident.told is not None
    incident.told = incident.severity
    return to_alert(incident, 0.0)


def labels_of(tenant: str, finding: Finding) -> dict[str, str]:
    """Stable labels: no time, no score, no single identity."""
    return {
        "alertname": finding.kind,
        "detector": finding.detector,
        "identity_class": finding.identity.partition(":")[0] or "none",
        "route": finding.route,
        "tenant": tenant,
    }


def key_of(labels: dict[str, str]) -> str:
    """The incident's key: 16 hex digits of SHA-256 over the labels in order."""
    text = "\x1f".join(f"{name}={labels[name]}" for name in sorted(labels))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_alert(alert: Alert) -> Incident:
    """The incident that was told as this alert; nothing of it is open yet."""
    return Incident(
        labels=alert.labels,
        starts_at=alert.starts_at,
        severity=alert.severity,
        summary=alert.summary,
        observations=alert.observations,
        worst="",
        open=set(),
        findings=list(alert.findings),
        identities=[],
        told=alert.severity,
        raised=alert.raised,
    )


def to_alert(incident: Incident, ends_at: float) -> Alert:
    """What is told about an incident now, without links."""
    return Alert(
        id=f"{key_of(incident.labels)}-{incident.starts_at:.0f}",
        name=incident.labels["alertname"],
        labels=incident.labels,
        state="resolved" if ends_at else "firing",
        severity=incident.told or incident.severity,  # what was not told yet is not slipped in
        summary=incident.summary,
        starts_at=incident.starts_at,
        ends_at=ends_at,
        findings=tuple(incident.findings),
        observations=incident.observations,
        evidence=who(incident.identities, len(incident.identities)),
        raised=incident.raised,
    )


def who(named: Iterable[str], identities: int) -> str:
    """Some identities, and how many there are.

    >>> who(["ip:192.0.2.1"], 1)
    'ip:192.0.2.1'
    >>> who(["ip:192.0.2.1", "ip:192.0.2.2"], 200)
    '200 identities, among them ip:192.0.2.1, ip:192.0.2.2'
    """
    shown = ", ".join(list(named)[:MOST_NAMED])
    return shown if identities <= 1 else f"{identities} identities, among them {shown}"
