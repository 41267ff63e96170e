"""Findings and overlays: what analytics concludes, and the limit values that it sets."""

import hashlib
from typing import Literal

import msgspec

Severity = Literal["info", "warning", "critical"]


class Observation(msgspec.Struct, frozen=True):
    """One measured fact behind a finding, beside what was expected."""

    name: str
    observed: float
    expected: float
    unit: str


class Finding(msgspec.Struct, frozen=True):
    """Scores that persisted, with their evidence.

    `id` is a function of (tenant, detector, key, onset): a re-run on the same rows gives the
    same id, so nothing is found twice. Times are seconds since 1970 on the events' clock.
    """

    id: str
    tenant: str
    detector: str  # D1, D16, ...
    kind: str  # client-burst, error-burst, latency-regression
    key: str  # what it is about: an identity, a route, an upstream
    route: str
    identity: str
    severity: Severity
    onset: float  # first anomalous window's start
    window_end: float  # end of the window that decided
    found_at: float
    closed_at: float  # 0 while open
    score: float
    confidence: float
    summary: str
    evidence: tuple[Observation, ...]


def finding_id(tenant: str, detector: str, key: str, onset: float) -> str:
    """Deterministic id: 16 hex digits of SHA-256 over (tenant, detector, key, onset)."""
    text = "\x1f".join((tenant, detector, key, f"{onset:.3f}"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class Overlay(msgspec.Struct, frozen=True):
    """A value that analytics set for an adaptive limit, until it expires.

    `identity` empty: the value that everybody gets. `rate` is in requests per second.
    """

    id: str
    tenant: str
    limit: str
    identity: str
    rate: float
    burst: int
    reason: str
    finding: str
    created_at: float
    expires_at: float
