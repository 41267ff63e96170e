"""The snapshot holder: which policy revision and overlays are in force, swapped atomically.

A request pins `snapshot` once and keeps it to its end; a swap is one assignment.
"""

from collections.abc import Iterable

import msgspec

from kernel.compile import compile_policy, with_overlays, without_keys
from kernel.findings import Overlay
from kernel.policy import Policy
from kernel.snapshot import Snapshot
from proxy.limiter import split_overlays


class Refused(msgspec.Struct, frozen=True):
    """A policy that was not taken, and every reason. `at` is in seconds since 1970."""

    at: float
    revision: str
    source: str
    problems: tuple[str, ...]


def no_policy(hash_key: bytes) -> Snapshot:
    """What a proxy holds before its first policy: it takes no request, and does not listen yet."""
    return compile_policy(Policy(upstreams=(), routes=()), "", hash_key)


class SnapshotHolder:
    """Holds the current snapshot. `workers` is the number of workers that limits are split among."""

    __slots__ = (
        *("applied", "applied_at", "overlays", "overlays_version"),
        *("refusals", "refused", "revoked", "snapshot", "source", "workers"),
    )

    def __init__(self, hash_key: bytes, workers: int = 1) -> None:
        self.snapshot = no_policy(hash_key)
        self.workers = workers
        self.source = ""
        self.applied_at = 0.0
        self.applied = 0
        self.refusals = 0
        self.refused: Refused | None = None
        self.overlays: tuple[Overlay, ...] = ()  # as they were set, not this worker's share
        self.overlays_version = 0
        self.revoked: frozenset[str] = frozenset()  # SHA-256 (hex) of API keys

    @property
    def has_policy(self) -> bool:
        """Whether a policy was ever applied."""
        return self.applied_at > 0.0

    def apply(self, snapshot: Snapshot, source: str, now: float) -> None:
        """Put a compiled policy in force, under the overlays that hold already."""
        self.snapshot = self.overlaid(without_keys(snapshot, self.revoked) if self.revoked else snapshot)
        self.source, self.applied_at, self.refused = source, now, None
        self.applied += 1

    def refuse(self, refused: Refused) -> None:
        """Remember why a policy was not taken; the applied one stays."""
        self.refused = refused
        self.refusals += 1

    def overlay(self, overlays: Iterable[Overlay], version: int) -> None:
        """Put the overlays in force that the control endpoint tells; each ends by its own expiry."""
        self.overlays, self.overlays_version = tuple(overlays), version
        self.snapshot = self.overlaid(self.snapshot)

    def revoke(self, revoked: frozenset[str]) -> None:
        """Refuse these API keys, and no others, from now on: also under policies to come."""
        self.revoked = revoked
        self.snapshot = without_keys(self.snapshot, revoked)

    def overlaid(self, snapshot: Snapshot) -> Snapshot:
        """A snapshot under the overlays in force."""
        if not self.overlays and snapshot.overlays_version == self.overlays_version:
            return snapshot
        return with_overlays(snapshot, split_overlays(self.overlays, self.workers), self.overlays_version)
