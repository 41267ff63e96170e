"""Incidents: findings grouped by (detector, route, class of identity), told once and resolved once.

Pure: times are arguments, seconds since 1970.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal

import msgspec

from kernel.findings import Finding, Severity

RANKS: tuple[Severity, ...] = ("info", "warning", "critical")


class Alert(msgspec.Struct, frozen=True):
    """What a sink is told about an incident. `ends_at` is 0 while it fires."""

    id: str  # of the incident: the same from firing to resolved
    labels: dict[str, str]  # stable: they are the alert's identity
    state: Literal["firing", "resolved"]
    severity: Severity
    summary: str
    starts_at: float
    ends_at: float
    findings: tuple[str, ...]


class Incident(msgspec.Struct):
    """Findings of one group, while any is open and `resolve_after_s` beyond."""

    labels: dict[str, str]
    starts_at: float
    worst: Finding
    open: set[str]
    findings: list[str]
    quiet_since: float = 0.0  # 0 while a finding is open


class Incidents:
    """Keeps incidents. One that re-opens within `resolve_after_s` goes on: nothing is told twice."""

    def __init__(self, tenant: str, *, resolve_after_s: float) -> None:
        self._tenant = tenant
        self._resolve_after_s = resolve_after_s
        self._incidents: dict[str, Incident] = {}

    def restore(self, firing: Iterable[Alert], known: Iterable[Finding], now: float) -> None:
        """After a restart: what was told as firing, and the findings behind it, are known already."""
        by_id = {finding.id: finding for finding in known}
        for alert in firing:
            found = [by_id[each] for each in alert.findings if each in by_id]
            if not found:
                continue
            still = {finding.id for finding in found if finding.closed_at == 0.0}
            quiet = 0.0 if still else now
            incident = Incident(
                alert.labels, alert.starts_at, worst_of(found), still, list(alert.findings), quiet
            )
            self._incidents[key_of(alert.labels)] = incident

    def take(self, findings: Iterable[Finding], now: float) -> list[Alert]:
        """New states of findings; returns the alerts that begin to fire."""
        begun: list[Alert] = []
        for finding in findings:
            labels = labels_of(self._tenant, finding)
            incident = self._incidents.get(key_of(labels))
            if incident is not None:
                join(incident, finding, now)
            elif finding.closed_at == 0.0:
                incident = Incident(labels, finding.onset, finding, {finding.id}, [finding.id])
                self._incidents[key_of(labels)] = incident
                begun.append(to_alert(incident, 0.0))
        return begun

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
    """A finding's new state becomes part of its incident."""
    if finding.id not in incident.findings:
        incident.findings.append(finding.id)
    incident.worst = worst_of([incident.worst, finding])
    if finding.closed_at == 0.0:
        incident.open.add(finding.id)
        incident.quiet_since = 0.0
        return
    incident.open.discard(finding.id)
    if not incident.open and not incident.quiet_since:
        incident.quiet_since = now


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


def worst_of(findings: list[Finding]) -> Finding:
    """The finding that stands for all: the most severe, of equals the first."""
    return max(findings, key=lambda finding: RANKS.index(finding.severity))


def to_alert(incident: Incident, ends_at: float) -> Alert:
    """What is told about an incident now."""
    started = f"{key_of(incident.labels)}-{incident.starts_at:.0f}"
    return Alert(
        id=started,
        labels=incident.labels,
        state="resolved" if ends_at else "firing",
        severity=incident.worst.severity,
        summary=incident.worst.summary,
        starts_at=incident.starts_at,
        ends_at=ends_at,
        findings=tuple(incident.findings),
    )
