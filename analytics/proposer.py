"""Asks the warehouse for evidence, proposes, and says what of it the console does not know yet."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from analytics.bursts import CARD as BURST
from analytics.engine import Engine
from analytics.proposals import Facts, Grounds, propose
from analytics.scans import CARD as SCAN
from analytics.stuffing import CARD as STUFFING
from kernel.findings import Finding
from kernel.policy import Policy
from kernel.recommendations import Attribute, Peers, Recommendation
from kernel.replays import Example

EVERY_S = 2.0  # between two looks
REFRESH_S = 20.0  # evidence is asked for anew so often while its finding lasts
MOST_FACTS = 20  # findings for which the warehouse is asked
MOST_ASKED = 1_000  # identities named in a question
ACCUSING = frozenset((BURST.number, STUFFING.number, SCAN.number))
EARLIER_S = 5.0


class Witness(Protocol):
    """Who knows more than the finding: see warehouse.evidence.EvidenceReader."""

    def accused(self, finding: Finding) -> tuple[str, ...]: ...
    def attributes(
        self, who: Sequence[str], route: str, *, since: float, until: float
    ) -> tuple[Attribute, ...]: ...
    def samples(
        self, who: Sequence[str], route: str, *, since: float, until: float
    ) -> tuple[Example, ...]: ...
    def login_peers(self, route: str, until: float) -> Peers | None: ...


class Proposer:
    """What analytics proposes for one tenant, and what of it the console knows."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness
        self._looked_at = float("-inf")
        self._facts: dict[str, tuple[float, Facts]] = {}  # finding's id -> when it was asked for
        self._told: dict[str, tuple[float, Recommendation]] = {}

    def look(
        self, now: float, engine: Engine, *, policy: Policy, revision: str
    ) -> tuple[Recommendation, ...]:
        """What the console should be told now: new proposals, and evidence that has grown.

        Raises what the warehouse's client raises.
        """
        if now - self._looked_at < EVERY_S:
            return ()
        self._looked_at = now
        findings = engine.tracker.open
        self._gather(now, findings)
        self._told = {id_: each for id_, each in self._told.items() if each[1].expires_at > now}
        proposed = propose(
            Grounds(
                now=now,
                policy=policy,
                revision=revision,
                findings=findings,
                facts={id_: facts for id_, (_, facts) in self._facts.items()},
                usual_of=engine.usual,
                peers_of=engine.peers,
            )
        )
        settled = (self._settled(each) for each in proposed)
        return tuple(each for each in settled if self._is_news(each, now))

    def told(self, recommendations: Sequence[Recommendation], now: float) -> None:
        """The console took them."""
        self._told |= {each.id: (now, each) for each in recommendations}

    def _gather(self, now: float, findings: Sequence[Finding]) -> None:
        """Ask for what the warehouse knows of the gravest findings, again every REFRESH_S."""
        about = [each for each in findings if each.detector in ACCUSING]
        about = sorted(about, key=lambda each: (-each.score, each.id))[:MOST_FACTS]
        kept = {each.id: self._facts[each.id] for each in about if each.id in self._facts}
        for each in about:
            if each.id not in kept or now - kept[each.id][0] >= REFRESH_S:
                kept[each.id] = (now, self._ask(each, now))
        self._facts = kept

    def _ask(self, finding: Finding, now: float) -> Facts:
        who = self._witness.accused(finding) or ((finding.identity,) if finding.identity else ())
        route = "" if finding.detector == SCAN.number else finding.route
        since, named = finding.onset - EARLIER_S, who[:MOST_ASKED]
        is_login = finding.detector == STUFFING.number
        return Facts(
            who=who,
            attributes=self._witness.attributes(named, route, since=since, until=now),
            samples=self._witness.samples(named, route, since=since, until=now),
            login_peers=self._witness.login_peers(finding.route, now) if is_login else None,
        )

    def _settled(self, proposed: Recommendation) -> Recommendation:
        """What a person may be reading does not change under them: on the same policy only evidence grows."""
        if proposed.id not in self._told:
            return proposed
        known = self._told[proposed.id][1]
        if known.patch.base != proposed.patch.base or known.finding != proposed.finding:
            return msgspec.structs.replace(proposed, created_at=known.created_at)
        return msgspec.structs.replace(known, evidence=proposed.evidence, confidence=proposed.confidence)

    def _is_news(self, proposed: Recommendation, now: float) -> bool:
        if proposed.id not in self._told:
            return True
        told_at, known = self._told[proposed.id]
        if known.patch.base != proposed.patch.base or known.finding != proposed.finding:
            return True
        return bool(proposed.finding) and now - told_at >= REFRESH_S and proposed != known
