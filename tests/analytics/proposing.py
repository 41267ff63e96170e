"""Findings and what is usual, as proposals are made of them."""

from collections.abc import Sequence

import msgspec

from kernel.findings import Finding, Observation, finding_id
from kernel.recommendations import Attribute, Peers
from kernel.replays import Example
from warehouse.conduct import Conduct

NOW = 1_790_000_000.0
LOGIN_PEERS = Peers("requests per minute", 120, 1.0, 1.0, 2.0, 2.0, 3.0, observed=0.0)


def finding_of(detector: str, identity: str = "", *, route: str = "", score: float = 20.0) -> Finding:
    """An open finding; its key is its identity, or its route."""
    kinds = {"D1": "client-burst", "D3": "credential-stuffing", "D7": "vulnerability-scan"}
    key = identity or route
    return Finding(
        id=finding_id("default", detector, key, NOW - 20),
        tenant="default",
        detector=detector,
        kind=kinds.get(detector, "identity-collapsed"),
        key=key,
        route=route,
        identity=identity,
        severity="warning",
        onset=NOW - 20,
        window_end=NOW - 18,
        found_at=NOW - 17,
        closed_at=0.0,
        score=score,
        confidence=0.8,
        summary=f"{key} does too much",
        evidence=(Observation("rate_10s", 60.0, 4.0, "requests/s"),),
    )


class Witnessing:
    """Knows what it was told; counts the questions."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.known = Conduct()
        self.stuffers = 30

    def accused(self, finding: Finding) -> tuple[str, ...]:
        self.asked.append("accused")
        return tuple(f"ip:198.51.100.{at}" for at in range(self.stuffers)) if finding.detector == "D3" else ()

    def attributes(
        self, who: Sequence[str], route: str, *, since: float, until: float
    ) -> tuple[Attribute, ...]:
        self.asked.append("attributes")
        return (Attribute("user_agent", "evil", 1.0, 0.0, 1.0),)

    def samples(self, who: Sequence[str], route: str, *, since: float, until: float) -> tuple[Example, ...]:
        self.asked.append("samples")
        return (Example(until, "GET", route, who[0], 200, is_attack=True),)

    def conduct(self, who: Sequence[str], *, since: float, until: float) -> Conduct:
        return msgspec.structs.replace(self.known, known=frozenset(who))

    def login_peers(self, route: str, until: float) -> Peers | None:
        self.asked.append("login_peers")
        return LOGIN_PEERS
